"""What is being looked into and gets worse meanwhile: its thread is told, once for each severity that it rises to.

No second investigation is begun beside the first, which may be at its end, or wait for people with a plan. Once it is
over, what is still worse than it was taken for is looked into again: see `placing.outgrows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from bot.workflows import steps
from bot.workflows.alerts.placing import rises
from bot.workflows.messages.triage import DeskState, Docket, Group, WorseInput

PATIENCE = timedelta(minutes=10)
"""With a thread that cannot be told."""


@dataclass
class Worsening:
    """Of one desk."""

    desk: DeskState
    closing: bool = False
    telling: bool = False
    """A thread is being told."""

    async def keep(self) -> None:
        """Run until it is cancelled, or closing."""
        while not self.closing:
            await workflow.wait_condition(lambda: self.closing or self._untold() is not None)
            found = self._untold()
            if found is not None and not self.closing:
                await self._tell(*found)

    def _untold(self) -> tuple[Group, Docket] | None:
        for group in self.desk.groups.values():
            if group.state != "running" or not group.task_id:
                continue
            lead = self.desk.dockets.get(group.lead)
            if lead is None or lead.group != group.number or lead.entry.status != "firing" or not lead.thread_ts:
                continue
            if rises(lead.entry.severity, group.worse or group.severity):
                return group, lead
        return None

    async def _tell(self, group: Group, lead: Docket) -> None:
        entry, self.telling = lead.entry, True
        try:
            told = WorseInput(entry, group.severity, lead.thread_ts, group.number)
            # No longer: others wait to be told. Its card says so, too.
            await steps.run(steps.TELL_WORSE, told, within=PATIENCE)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise  # the next run of the desk tells it
            workflow.logger.warning("A thread was not told that its alert got worse: %s", error.cause or error)
        finally:
            self.telling = False
        group.worse = entry.severity
