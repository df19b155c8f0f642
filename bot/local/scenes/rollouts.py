"""The agents that roll images out: somebody asks, somebody else approves, and the estate changes as planned."""

from __future__ import annotations

from bot.local.play import Play, ScenarioSummary
from bot.local.scenes.asked import Asked
from bot.local.stage import StageError
from tools.contracts.common import AgentName

RAN = ("completed",)


async def asked_and_approved(play: Play, agent: AgentName, text: str) -> ScenarioSummary:
    """Raises :class:`StageError` when it does not end completed, or when nothing was changed."""
    before = await play.estate.snapshot(play.org)
    said = await play.ask(agent, "ada", text)
    await play.approve(agent, said, await play.card(agent, said))
    summary = await play.summary(agent, said, expected=RAN)
    after = await play.estate.snapshot(play.org)
    changed = {name for name in after if before.get(name) != after[name]}
    if len(changed) != summary.assets_changed or not changed:
        raise StageError(f"{summary.assets_changed} assets were to be changed, and {len(changed)} are.")
    play.step(agent, f"The estate has changed: {len(changed)} assets run another image")
    return summary


DRIFTED_FLEET = Asked("drift", "production web servers have drifted from the golden image, fix it", asked_and_approved)
"""Drifted servers, brought back to their golden image."""

VULNERABLE_FLEET = Asked("patch", "patch the known vulnerabilities of our production api servers", asked_and_approved)
"""Vulnerable servers, patched by the image that closes what is known of them."""
