"""The agents that report. Nobody approves anything, and nothing may change."""

from __future__ import annotations

from dataclasses import dataclass

from bot.local.play import Play, ScenarioSummary
from bot.local.scenes.asked import Asked
from bot.local.stage import Said, StageError
from tools.connectors.incident import AlertQuery
from tools.contracts.common import AgentName
from tools.contracts.incident import Alert

REPORTED = ("reported",)

_REPORT = "No approval: a report changes nothing"


async def asked_for_a_report(play: Play, agent: AgentName, text: str) -> ScenarioSummary:
    """Ada asks, the thread gets the report. Raises :class:`StageError` when it does not, and when anything changed."""
    return await reported(play, agent, await play.ask(agent, "ada", text))


async def reported(play: Play, agent: AgentName, said: Said) -> ScenarioSummary:
    """The report of a task that has begun. Raises as :func:`asked_for_a_report`."""
    before = await play.estate.snapshot(play.org)
    card = await play.until(said, "grace", has=_REPORT, seconds=240, what="The report")
    play.step(agent, f"Report: {card['text']}")
    summary = await play.summary(agent, said, expected=REPORTED)
    if summary.handed_over_to:
        play.step(agent, f"Handed over, once: {summary.handed_over_to}")
    if await play.estate.snapshot(play.org) != before:
        raise StageError(f"The estate changed although the {agent} agent only reports.")
    return summary


@dataclass(frozen=True)
class IncidentCause:
    """Alertmanager says that a machine is failing: whichever the estate's own alerts name first. Nobody asks."""

    agent: AgentName = "incident"

    async def play(self, play: Play) -> ScenarioSummary:
        alert = await _first_alert(play)
        labels = f"alertname = HighErrorRate\nenvironment = {alert.environment}\nseverity = {alert.severity}"
        title = f"[FIRING:1] HighErrorRate ({alert.asset_id})"
        said = await play.stage.alert(
            "alerts", [{"color": "#a30200", "title": title, "text": f"{alert.title}\n{labels}"}]
        )
        play.step(self.agent, f"Alertmanager: {alert.title}")
        return await reported(play, self.agent, said)


REVIEW_OF_SECURITY = Asked(
    "security",
    "which vulnerabilities are exposed on our production api servers? please do a security review",
    asked_for_a_report,
)
COMPLIANCE_POSTURE = Asked("compliance", "audit the compliance of production, with evidence", asked_for_a_report)
WHERE_MONEY_GOES = Asked(
    "cost", "where does the money go in production, and where could we save costs?", asked_for_a_report
)


async def _first_alert(play: Play) -> Alert:
    """The worst open alert about a machine."""
    query = AlertQuery(statuses=["open"], sources=["alertmanager"])
    found, _ = await play.estate.alerts(play.org, query, limit=50, cursor=None)
    about = [alert for alert in found if alert.asset_id is not None and alert.environment is not None]
    if not about:
        raise StageError("The drawn estate has no failing machine: there is no incident to look into.")
    return min(about, key=lambda alert: (alert.severity != "critical", alert.id))
