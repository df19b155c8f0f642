"""`/gavel help`, and what somebody sees who typed what is no command."""

from __future__ import annotations

from bot.blocks.message import Message, compose, context, lines, section

_EXAMPLE = "production web servers have drifted from the golden image, fix it"

ASK = (
    f"`/gavel ask {_EXAMPLE}`",
    "`/gavel ask` opens a form; `/gavel ask --mode council …` says how many models answer",
    "or mention me in a channel, or send me a direct message",
)
LOOK = (
    "`/gavel tasks` those of this channel, `/gavel tasks mine` yours, `/gavel task ID` one in full",
    "`/gavel approvals` plans that wait for your decision",
    "`/gavel usage by team since 7d` what it costs · `/gavel models` who is asked for what",
    "`/gavel policy` which policies decide, and what they refused · `/gavel doctor` how every part is",
)
SET = (
    "`/gavel freeze` nothing may be changed in an environment until a time; approvers and admins",
    "`/gavel mode`, `/gavel mode council` how many models answer in this channel",
    "`/gavel delegate` lends your role in a form, `/gavel delegate @who for 3d` without; `… list` shows what is lent",
    "`/gavel keys` your own key of a model's provider",
)


def help_text(*, unknown: bool = False) -> Message:
    """`unknown`: the person typed something else. What it was is not said again: it may be a key."""
    lead = "There is no such command, so nothing was done. These are:" if unknown else ""
    return compose(
        lead or "Gavel: ask, watch the council, approve. Nothing changes without an approval.",
        [
            section(lead) if lead else None,
            section(
                "*Gavel* looks into what you ask, has several models vote on it, and proposes a plan. "
                "Nothing changes until someone with the right role approves it, and never by the person who asked."
            ),
            lines("Ask", ASK),
            lines("Look", LOOK),
            lines("Set", SET),
            section("*Decide*  with the buttons under a plan. One rejection stops it; so does its deadline."),
            context("Never paste passwords or keys. Every step is in the ledger: `gavel ledger show TASK`."),
        ],
    )
