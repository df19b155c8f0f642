"""Modals and home tabs: who has which open, and what `views.*` does to them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from bot.local.slack.blocks.validate import accept_view
from bot.local.slack.errors import SlackError
from bot.local.slack.messages import Change
from bot.local.slack.seed import APP_ID, Team
from bot.local.slack.tickets import Triggers
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject

MAX_PUSHED = 3


@dataclass
class View:
    """One view of one person. `body` is as the app gave it, ids filled in."""

    id: str
    user: str
    body: JsonObject
    root: str
    team: Team
    previous: str | None = None
    hash: str = ""
    touched: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def shown(self, state: JsonObject | None = None) -> JsonObject:
        """As the Web API and payloads return it."""
        empty = {"private_metadata": "", "callback_id": "", "external_id": "", "title": None, "close": None}
        return {
            **empty,
            "submit": None,
            "clear_on_close": False,
            "notify_on_close": False,
            **self.body,
            "id": self.id,
            "team_id": self.team.id,
            "state": state or {"values": {}},
            "hash": self.hash,
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "app_installed_team_id": self.team.id,
            "bot_id": self.team.bot_id,
        }


def _fresh_hash() -> str:
    return f"{int(time.time())}.{secrets.token_hex(4)}"


class Views:
    """What is open. A person has at most one stack of modals, and one home tab."""

    def __init__(self, workspace: Workspace, triggers: Triggers) -> None:
        self._workspace = workspace
        self._triggers = triggers
        self._stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def gave(self, trigger_id: str) -> bool:
        """Whether the trigger is of somebody here."""
        return self._triggers.gave(trigger_id)

    def top(self, user: str) -> View | None:
        """The modal this person sees."""
        stack = self._stacks.get(user, [])
        return stack[-1] if stack else None

    def _all(self) -> list[View]:
        return [view for stack in self._stacks.values() for view in stack] + list(self.homes.values())

    def find(self, *, view_id: str | None, external_id: str | None) -> View:
        """Raises `not_found`."""
        for view in self._all():
            if view_id == view.id or (external_id and external_id == view.body.get("external_id")):
                return view
        raise SlackError("not_found")

    def _accept(self, body: object, *, other_than: View | None = None) -> JsonObject:
        accepted = accept_view(body)
        external = accepted.get("external_id")
        if external and any(each.body.get("external_id") == external for each in self._all() if each is not other_than):
            raise SlackError("duplicate_external_id")
        return accepted

    def _told(self, view: View | None, user: str) -> None:
        self._workspace.tell(Change("view", user=user, detail={"view": view.shown() if view else None}))

    def open(self, trigger_id: str, body: object) -> View:
        """`views.open`: a new stack for whoever the trigger belongs to."""
        accepted = self._accept(body)
        user, _ = self._triggers.exchange(trigger_id)
        return self._put(user, accepted, [])

    def push(self, trigger_id: str, body: object) -> View:
        """`views.push`: on top of the modal the trigger came from. Raises `push_limit_reached`, `not_found`."""
        accepted = self._accept(body)
        user, came_from = self._triggers.exchange(trigger_id)
        if came_from is None:
            raise SlackError("not_found")
        return self.push_for(user, accepted)

    def push_for(self, user: str, accepted: JsonObject) -> View:
        stack = self._stacks.get(user, [])
        if len(stack) >= MAX_PUSHED:
            raise SlackError("push_limit_reached")
        return self._put(user, accepted, stack)

    def _put(self, user: str, accepted: JsonObject, below: list[View]) -> View:
        name = "V" + secrets.token_hex(5).upper()
        root, previous = (below[0].id, below[-1].id) if below else (name, None)
        view = View(name, user, accepted, root, self._workspace.team, previous, _fresh_hash())
        self._stacks[user] = [*below, view]
        self._told(view, user)
        return view

    def update(
        self, body: object, *, view_id: str | None = None, external_id: str | None = None, known_hash: str | None = None
    ) -> View:
        """`views.update`. Raises `hash_conflict` when the view changed since `known_hash`."""
        view = self.find(view_id=view_id, external_id=external_id)
        accepted = self._accept(body, other_than=view)
        if known_hash and known_hash != view.hash:
            raise SlackError("hash_conflict")
        view.body, view.hash = accepted, _fresh_hash()
        self._told(self.top(view.user), view.user)
        return view

    def publish(self, user: str, body: object, *, known_hash: str | None = None) -> View:
        """`views.publish`: the person's home tab."""
        before = self.homes.get(user)
        accepted = self._accept(body, other_than=before)
        if accepted.get("type") != "home":
            raise SlackError("invalid_arguments", "[ERROR] must be a valid enum value (home) [json-pointer:/view/type]")
        if before and known_hash and known_hash != before.hash:
            raise SlackError("hash_conflict")
        name = before.id if before else "V" + secrets.token_hex(5).upper()
        view = View(name, user, accepted, name, self._workspace.team, None, _fresh_hash())
        self.homes[user] = view
        self._workspace.tell(Change("home", user=user, detail={"view": view.shown()}))
        return view

    def close_top(self, user: str) -> None:
        """The modal goes; the one below it shows again."""
        self._stacks[user] = self._stacks.get(user, [])[:-1]
        self._told(self.top(user), user)

    def close_all(self, user: str) -> None:
        self._stacks.pop(user, None)
        self._told(None, user)
