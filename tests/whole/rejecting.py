"""Rejecting a plan as people do it: press Reject, say why in the form, send it."""

from __future__ import annotations

from typing import Any

from bot.blocks.actions import (
    REJECT,
    REJECT_KIND_BLOCK,
    REJECT_KIND_INPUT,
    REJECT_WORDS_BLOCK,
    REJECT_WORDS_INPUT,
)
from bot.local.stage import Said, Stage
from tools.contracts.decision import RejectionKind


async def reject(
    stage: Stage, user: str, said: Said, card: dict[str, Any], *, kind: RejectionKind = "not_now", words: str = ""
) -> dict[str, str]:
    """What the form refused, by field; empty: it was taken."""
    await stage.click(user, said.channel, card["ts"], REJECT)
    view = await stage.until_view(user, seconds=5, what="The form that asks why")
    values = {REJECT_KIND_BLOCK: {REJECT_KIND_INPUT: kind}, REJECT_WORDS_BLOCK: {REJECT_WORDS_INPUT: words}}
    return await stage.submit(user, str(view["id"]), values)
