"""The surfaces besides threads: forms, the home tab, shortcuts, links. Each is registered where its part is there."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck

from bot.blocks.freeze import FREEZE_FORM, THAW_PREFIX
from bot.blocks.home import ASK, CANCEL_PREFIX, FREEZE, KEYS, MODE, OPEN_PREFIX, REFRESH, WAITING_PREFIX
from bot.listeners.clicks import Tell
from bot.listeners.freezes import FreezeListeners
from bot.listeners.home import HomeListeners


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
    home: HomeListeners | None = None

    def register(self, bolt: Registers) -> None:
        if self.freezes is not None:
            self._register_freezes(bolt, self.freezes)
        if self.home is not None:
            _register_home(bolt, self.home)

    def _register_freezes(self, bolt: Registers, freezes: FreezeListeners) -> None:
        async def frozen(ack: AsyncAck, body: dict[str, Any]) -> None:
            errors = await freezes.on_submission(body)
            await (ack(response_action="errors", errors=errors) if errors else ack())

        async def thawed(ack: AsyncAck, body: dict[str, Any]) -> None:
            await self.tell(body, await freezes.on_thaw(body))
            await ack()

        bolt.view(FREEZE_FORM)(frozen)
        bolt.action(_begins(THAW_PREFIX))(thawed)


def _register_home(bolt: Registers, home: HomeListeners) -> None:
    async def opened(body: dict[str, Any]) -> None:
        await home.on_opened(body)

    async def clicked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await home.on_click(body)
        await ack()

    async def cancelled(ack: AsyncAck, body: dict[str, Any]) -> None:
        await home.on_cancel(body)
        await ack()

    async def followed(ack: AsyncAck) -> None:
        """A link: Slack tells of the click, and opens it."""
        await ack()

    bolt.event("app_home_opened")(opened)
    bolt.action(_one_of(ASK, FREEZE, KEYS, REFRESH, MODE))(clicked)
    bolt.action(_begins(CANCEL_PREFIX))(cancelled)
    bolt.action(_begins(OPEN_PREFIX, WAITING_PREFIX))(followed)


def _one_of(*names: str) -> re.Pattern[str]:
    return re.compile(f"^({'|'.join(re.escape(name) for name in names)})$")


def _begins(*prefixes: str) -> re.Pattern[str]:
    return re.compile(f"^({'|'.join(re.escape(prefix) for prefix in prefixes)})")
