"""A task that has become long goes on as a new run of itself, from a point at which its state says all.

Temporal ends a workflow whose history is too long. Where a task waits for people it may be for days, and whoever can
click or type can make it longer: there it hands on. So it does before each phase, of which a large plan has many.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from bot.workflows.controls import Controls
from bot.workflows.messages import Carried, TaskState, Unread

MOST_EVENTS, MOST_HISTORY_BYTES = 5_000, 5_000_000
"""Of one run. Temporal suggests it earlier, where it does, and ends a run at 51,200 events or 50 MB."""

ANEW = 500
"""Events, until it is tried again to hand on what was too large."""


class HandingOn:
    """Of one task."""

    def __init__(self, state: TaskState, controls: Controls, unread: Callable[[], list[Unread]]) -> None:
        self._state = state
        self._controls = controls
        self._unread = unread
        self._not_before = 0

    @property
    def due(self) -> bool:
        """Whether this run is long enough. For a condition that is waited for, too: it is the same at each replay."""
        info = workflow.info()
        events = info.get_current_history_length()
        if events < self._not_before:
            return False
        long = events >= MOST_EVENTS or info.get_current_history_size() >= MOST_HISTORY_BYTES
        return long or info.is_continue_as_new_suggested()

    async def if_due(self, *, first: Callable[[], Awaitable[None]] | None = None) -> None:
        """Does not return where it is: the next run takes up what :class:`Carried` holds.

        To be called only where nothing is under way that the state does not know of. `first`: is done before.
        """
        if not self.due:
            return
        if first is not None:
            await first()
        await self._controls.rest()
        # From here on nothing is waited for: whatever comes in the meantime, Temporal has this step done anew with it.
        carried = Carried(self._state, workflow.info().run_id, self._unread(), self._controls.waiting)
        try:
            workflow.payload_converter().to_payloads([carried])
        except ApplicationError:
            # Too large: what waits to be weighed is first, and then there is less.
            self._not_before = workflow.info().get_current_history_length() + ANEW
            self._controls.go_on()
            return
        workflow.continue_as_new(carried)
