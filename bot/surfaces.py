"""The surfaces besides threads: forms, the home tab, shortcuts, links. Each is registered where its part is there."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncAssistant

from bot.blocks.ask import ABOUT_FORM
from bot.blocks.clarify import CLARIFY, CLARIFY_FORM
from bot.blocks.delegation import LEND_FORM
from bot.blocks.freeze import FREEZE_FORM, THAW_PREFIX
from bot.blocks.home import ASK, CANCEL_PREFIX, FREEZE, KEYS, LEND, MODE, OPEN_PREFIX, REFRESH, WAITING_PREFIX
from bot.desks import Desk
from bot.home.keeper import HomeKeeper, Reader
from bot.intake import Intake
from bot.listeners.about import AboutMessage
from bot.listeners.ask_form import AskForm
from bot.listeners.assistant import AssistantListeners
from bot.listeners.clarify import ClarifyListeners
from bot.listeners.delegations import DelegationListeners
from bot.listeners.events import EventListeners
from bot.listeners.freezes import FreezeListeners
from bot.listeners.home import HomeListeners
from bot.listeners.later import Later
from bot.listeners.links import LinkListeners, TaskFinder
from bot.slack_api import SlackApi
from bot.speaking import opener, teller, whisperer

GLOBAL_SHORTCUT, MESSAGE_SHORTCUT = "gavel.shortcut.ask", "gavel.shortcut.about"
"""Their callback ids, as the manifest has them."""


class Registers(Protocol):
    """The part of Bolt used here, with types."""

    def event(self, event: str) -> Callable[..., object]: ...
    def action(self, constraints: re.Pattern[str]) -> Callable[..., object]: ...
    def view(self, constraints: str) -> Callable[..., object]: ...
    def global_shortcut(self, callback_id: str) -> Callable[..., object]: ...
    def message_shortcut(self, callback_id: str) -> Callable[..., object]: ...
    def assistant(self, assistant: AsyncAssistant) -> object: ...


class _Assists(Protocol):
    """The same of Bolt's assistant."""

    def thread_started(self, listener: Callable[..., object], /) -> object: ...
    def user_message(self, listener: Callable[..., object], /) -> object: ...
    def thread_context_changed(self, listener: Callable[..., object], /) -> object: ...


@dataclass(frozen=True)
class Surfaces:
    """None: the surface is not there."""

    freezes: FreezeListeners | None = None
    lending: DelegationListeners | None = None
    home: HomeListeners | None = None
    assistant: AssistantListeners | None = None
    ask: AskForm | None = None
    about: AboutMessage | None = None
    links: LinkListeners | None = None
    clarify: ClarifyListeners | None = None

    def register(self, bolt: Registers) -> None:
        if self.assistant is not None:
            bolt.assistant(_assistant(self.assistant))
        if self.ask is not None and self.about is not None:
            _register_shortcuts(bolt, self.ask, self.about)
        if self.clarify is not None:
            _register_clarify(bolt, self.clarify)
        if self.links is not None:
            bolt.event("link_shared")(_links(self.links))
        if self.freezes is not None:
            _register_freezes(bolt, self.freezes)
        if self.lending is not None:
            _register_lending(bolt, self.lending)
        if self.home is not None:
            _register_home(bolt, self.home)


def _register_freezes(bolt: Registers, freezes: FreezeListeners) -> None:
    async def frozen(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await freezes.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    async def thawed(ack: AsyncAck, body: dict[str, Any]) -> None:
        # First: what is done does not fail for what cannot be said.
        await ack()
        await freezes.on_thaw(body)

    bolt.view(FREEZE_FORM)(frozen)
    bolt.action(_begins(THAW_PREFIX))(thawed)


def _register_lending(bolt: Registers, lending: DelegationListeners) -> None:
    async def lent(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await lending.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    bolt.view(LEND_FORM)(lent)


def _assistant(pane: AssistantListeners) -> AsyncAssistant:
    """Bolt's. It takes every message in a thread of direct messages; the others stay with `message`."""
    assistant = AsyncAssistant()
    _listen(assistant, pane)
    return assistant


def _listen(assistant: _Assists, pane: AssistantListeners) -> None:
    async def started(body: dict[str, Any]) -> None:
        await pane.on_started(body)

    async def asked(body: dict[str, Any]) -> None:
        await pane.on_message(body)

    async def elsewhere() -> None:
        """The person looks at another channel. What they look at is no part of what they ask."""

    assistant.thread_started(started)
    assistant.user_message(asked)
    assistant.thread_context_changed(elsewhere)


def _links(links: LinkListeners) -> Callable[[dict[str, Any]], Awaitable[None]]:
    async def posted(body: dict[str, Any]) -> None:
        await links.on_links(body)

    return posted


def _register_clarify(bolt: Registers, clarify: ClarifyListeners) -> None:
    async def asked_for(ack: AsyncAck, body: dict[str, Any]) -> None:
        await clarify.on_click(body)
        await ack()

    async def answered(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await clarify.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    bolt.action(_one_of(CLARIFY))(asked_for)
    bolt.view(CLARIFY_FORM)(answered)


def _register_shortcuts(bolt: Registers, ask: AskForm, about: AboutMessage) -> None:
    async def picked(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ask.shortcut(body)
        await ack()

    async def pointed_at(ack: AsyncAck, body: dict[str, Any]) -> None:
        await about.on_shortcut(body)
        await ack()

    async def asked(ack: AsyncAck, body: dict[str, Any]) -> None:
        errors = await about.on_submission(body)
        await (ack(response_action="errors", errors=errors) if errors else ack())

    bolt.global_shortcut(GLOBAL_SHORTCUT)(picked)
    bolt.message_shortcut(MESSAGE_SHORTCUT)(pointed_at)
    bolt.view(ABOUT_FORM)(asked)


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
    bolt.action(_one_of(ASK, FREEZE, LEND, KEYS, REFRESH, MODE))(clicked)
    bolt.action(_begins(CANCEL_PREFIX))(cancelled)
    bolt.action(_begins(OPEN_PREFIX, WAITING_PREFIX))(followed)


def _one_of(*names: str) -> re.Pattern[str]:
    return re.compile(f"^({'|'.join(re.escape(name) for name in names)})$")


def _begins(*prefixes: str) -> re.Pattern[str]:
    return re.compile(f"^({'|'.join(re.escape(prefix) for prefix in prefixes)})")


def register_surfaces(
    bolt: Registers,
    *,
    client: SlackApi,
    intake: Intake,
    org: str | None,
    events: EventListeners,
    ask_form: AskForm,
    freezes: FreezeListeners | None,
    lending: DelegationListeners | None,
    home_reader: Reader | None,
    desks: Mapping[str, Desk],
    task_finder: TaskFinder | None,
    task_url: str,
    later: Later,
) -> None:
    """`desks`: verb of `/gavel` → who answers it. `task_url`: where links to tasks begin. `later`: what is said
    after Slack was answered, until the bot stops."""
    home: HomeListeners | None = None
    if home_reader is not None:
        home = HomeListeners(
            HomeKeeper(client, home_reader, intake.now, later),
            intake,
            org,
            open_form=opener(client),
            whisper=whisperer(client),
            desks=desks,
            later=later,
        )
    Surfaces(
        freezes=freezes,
        lending=lending,
        home=home,
        assistant=AssistantListeners(events, client, later),
        ask=ask_form,
        about=AboutMessage(intake, org, opener(client)),
        clarify=ClarifyListeners(intake, org, opener(client), teller(client)),
        links=LinkListeners(task_finder, client, org, task_url, later) if task_finder is not None else None,
    ).register(bolt)
