"""The surfaces besides threads: forms, the home tab, shortcuts, links. Each is registered where its part is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck

from bot.blocks.freeze import FREEZE_FORM, THAW
from bot.listeners.clicks import Tell
from bot.listeners.freezes import FreezeListeners


class Registers(Protocol):
    """The part of Bolt used here, with types."""

    def event(self, event: str) -> Callable[..., object]: ...
    def action(self, constraints: re.Pattern[str]) -> Callable[..., object]: ...
    def view(self, constraints: str) -> Callable[..., object]: ...


@dataclass(frozen=True)
class Surfaces:
    """None: the surface is not there."""

    tell: Tell
    freezes: FreezeListeners | None = None

    def register(self, bolt: Registers) -> None:
        if self.freezes is not None:
            self._register_freezes(bolt, self.freezes)

    def _register_freezes(self, bolt: Registers, freezes: FreezeListeners) -> None:
        async def frozen(ack: AsyncAck, body: dict[str, Any]) -> None:
            errors = await freezes.on_submission(body)
            await (ack(response_action="errors", errors=errors) if errors else ack())

        async def thawed(ack: AsyncAck, body: dict[str, Any]) -> None:
            await self.tell(body, await freezes.on_thaw(body))
            await ack()

        bolt.view(FREEZE_FORM)(frozen)
        bolt.action(re.compile(f"^{re.escape(THAW)}$"))(thawed)
