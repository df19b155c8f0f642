"""Nothing that a person can do goes past the gate: every listener is behind it, and every command has a rule."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from temporalio.client import Client

from bot.blocks.home import home_view
from bot.keys import Keys
from bot.late import LateFeedback, LateKeys, LateModels, desks
from bot.late_surfaces import LateFreezes, LateHome, LateTasks
from bot.listeners.feedback import FeedbackDoor
from bot.listeners.freezes import FreezeDoor
from bot.listeners.keys import KeyDoor
from bot.permits import wishes
from bot.permits.wishes import request_in
from bot.settings import Settings, TemporalSettings
from bot.workflows.client import connect
from policies.commands import PACKAGE, Wish, refusals
from tests.unit.blocks.cards import every_card
from tests.unit.blocks.desk_cards import home
from tests.unit.blocks.rules import objects
from tests.unit.listeners.desk import SHIPPED, AllRoles, Desk, open_desk
from tests.unit.local_slack.harness import Slack
from tests.unit.permits.bodies import ADA, BOT, HOME, TEAM, every_body, happened, pressed, sent, shortcut, typed
from tests.unit.policies.opa_server import NOBODYS_PORT
from tests.unit.workflows.conftest import KEY
from tools.contracts.common import JsonObject
from tools.contracts.identity import Role

BODIES = list(every_body())
UNLISTED = {
    "a command of another name": typed("ask x", command="/other"),
    "a button": pressed("gavel.launch"),
    "a form": sent("gavel.launch"),
    "a shortcut": shortcut("gavel.launch", kind="shortcut"),
    "an event": happened("reaction_added"),
    "something new": {"type": "dialog_submission", "team": {"id": HOME}, "user": {"id": ADA, "team_id": HOME}},
}


@dataclass
class NoToAll:
    """Policies that allow nothing."""

    asked: list[JsonObject] = field(default_factory=list[JsonObject])

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        assert package == PACKAGE
        self.asked.append(document)
        denied = {"rule": "test.no", "reason": "nobody may", "repairable": False}
        return {"allow": False, "deny": [denied], "version": "1"}


@pytest.fixture
def no() -> NoToAll:
    return NoToAll()


@pytest.fixture
async def desk(slack: Slack, temporal: Client, tmp_path: Path, no: NoToAll) -> AsyncGenerator[Desk]:
    """A bot with every door there is, none of which is to be come to."""
    roles, keys = AllRoles(), Keys(bytes(32))
    settings = Settings.embedded(data_dir=tmp_path).model_copy(update={"secret_key": SecretStr("ab" * 32)})
    verbs = desks(settings, slack_api(), keys, roles=roles, members=[], home="", whisper=_silent)
    async with open_desk(
        slack,
        temporal,
        desks={verb: lambda _, found=found: found for verb, found in verbs.items()},
        key_door=KeyDoor(LateKeys(settings, keys, []), {"openai": "OpenAI"}, roles),
        feedback_door=FeedbackDoor(LateFeedback(settings, keys), roles),
        freeze_door=FreezeDoor(LateFreezes(settings, keys), roles),
        home_reader=lambda client: LateHome(settings, keys, client, roles, ""),
        task_finder=lambda client: LateTasks(settings, client, ""),
        policies=no,
    ) as opened:
        yield opened


def pressed_in(shown: object) -> set[str]:
    """The action ids of what can be pressed: not of a form's fields, which are sent with it."""
    can_be = ("button", "static_select", "feedback_buttons", "overflow")
    rows = [block for block in objects(shown) if block.get("type") in ("actions", "section", "context_actions")]
    return {
        str(found["action_id"])
        for row in rows
        for found in objects(row)
        if found.get("type") in can_be and "action_id" in found
    }


class _NoApi:
    async def api_call(self, api_method: str, **_: Any) -> Any:
        raise AssertionError(f"{api_method} was called")


def slack_api() -> Any:
    return _NoApi()


async def _silent(channel: str, user: str, message: object) -> None:
    return


def listeners(desk: Desk) -> Iterator[Any]:
    """Bolt's own list of what is registered."""
    yield from vars(desk.app)["_async_listeners"]


async def answered(desk: Desk, body: JsonObject) -> BoltResponse:
    answer: BoltResponse = await desk.app.async_dispatch(AsyncBoltRequest(body=json.dumps(body), mode="socket_mode"))
    return answer


async def test_every_listener_listens_to_something_that_the_gate_knows(desk: Desk) -> None:
    """A listener for a name that is in none of the gate's tables is found here: nobody could ever come to it."""
    found = list(listeners(desk))
    assert len(found) > 20
    for listener in found:
        matched = False
        for body in (*(each[2] for each in BODIES), *map(happened, wishes.OF_SLACK)):
            request = AsyncBoltRequest(body=json.dumps(body), mode="socket_mode")
            matched = matched or await listener.async_matches(req=request, resp=BoltResponse(status=200))
        assert matched, f"{listener.ack_function.__name__} is called for nothing in bot/permits/wishes.py"


@pytest.mark.parametrize(("command", "body"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_it_is_asked_first_and_a_no_is_the_whole_answer(
    desk: Desk, no: NoToAll, command: str, body: JsonObject
) -> None:
    answer = await answered(desk, body)
    assert answer.status == 200
    last = no.asked[-1]
    assert (last["command"], last["caller"]["org"], last["caller"]["user"]) == (command, TEAM, ADA)
    assert last["caller"]["roles"] == ["viewer", "operator", "approver", "admin"], "asked again with the roles"
    told: JsonObject = json.loads(answer.body or "{}")
    if last["surface"] == "command":
        assert told["text"] == "You may not do that: nobody may. Nothing was done."
    elif last["surface"] == "form":
        assert told == {
            "response_action": "errors",
            "errors": {"field": "You may not do that: nobody may. Nothing was done."},
        }
    else:
        assert told == {}


@pytest.mark.parametrize("body", UNLISTED.values(), ids=UNLISTED.keys())
async def test_what_has_no_rule_is_refused_to_everybody(body: JsonObject) -> None:
    request = request_in(body, bot_user=BOT)
    assert request is not None
    wish = Wish(TEAM, request.user, request.command, request.surface)
    reasons = await refusals(SHIPPED, wish, roles=["viewer", "operator", "approver", "admin"])
    assert any("no rule says who may do that" in reason for reason in reasons)


@pytest.mark.parametrize(("command", "body"), [each[1:] for each in BODIES], ids=[each[0] for each in BODIES])
async def test_every_command_has_a_rule_and_some_role_may(command: str, body: JsonObject) -> None:
    request = request_in(body, bot_user=BOT)
    assert request is not None
    roles: list[Role] = ["viewer", "operator", "approver", "admin"]
    assert await refusals(SHIPPED, Wish(TEAM, ADA, command, request.surface), roles=roles) == []


def test_every_verb_that_is_answered_is_known_by_name() -> None:
    verbs = desks(Settings.embedded(data_dir=Path("unused")), slack_api(), Keys(bytes(32)), **_rest())
    assert {*verbs, "keys", "freeze", "ask", "help", ""} == set(wishes.VERBS)
    assert isinstance(verbs["models"], LateModels)


def _rest() -> Any:
    return {"roles": AllRoles(), "members": [], "home": "", "whisper": _silent}


def test_the_manifest_subscribes_to_nothing_else() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[3] / "manifest.yml").read_text())
    events = {name.partition(".")[0] for name in manifest["settings"]["event_subscriptions"]["bot_events"]}
    assert events == {*wishes.EVENTS, *wishes.OF_SLACK}
    assert {each["callback_id"] for each in manifest["features"]["shortcuts"]} == set(wishes.SHORTCUTS)
    assert [each["command"] for each in manifest["features"]["slash_commands"]] == ["/gavel"]


NOT_A_WISH = {
    "talk in a channel": happened("message", channel_type="channel", channel="C0OPS00001"),
    "an app's message": happened("message", bot_id="B1"),
    "an alert": happened("message", channel_type="channel", subtype="bot_message", bot_id="B1"),
    "an edit": happened("message", subtype="message_changed"),
    "that the app was removed": happened("app_uninstalled"),
    "that a token was revoked": happened("tokens_revoked", tokens={"bot": ["U0"]}),
    "our own message": happened("message", user=BOT),
    "our own mention": happened("app_mention", user=BOT),
    "an app's mention": happened("app_mention", bot_id="B1"),
    "an edited mention": happened("app_mention", edited={"ts": "2.0"}),
}


@pytest.mark.parametrize("body", NOT_A_WISH.values(), ids=NOT_A_WISH.keys())
async def test_nobody_is_asked_about_what_no_person_wanted_and_nothing_is_begun(
    slack: Slack, no: NoToAll, body: JsonObject
) -> None:
    """Who talks with others must not be told that they may not. Listeners take it by the same two functions: what went
    past the gate and began a task all the same would fail here, where nobody takes it."""
    nobody = await connect(TemporalSettings(), address=f"127.0.0.1:{NOBODYS_PORT}", codec_key=KEY, lazy=True)
    async with open_desk(slack, nobody, policies=no) as desk:
        assert (await answered(desk, body)).status == 200
    assert no.asked == []


def test_every_button_that_is_drawn_leads_somewhere() -> None:
    """On any card and on the home tab."""
    shown: list[object] = [message.blocks for _, message in every_card("x")]
    shown.append(home_view(home("x", may=True), channel="D1"))
    drawn = {name for each in shown for name in pressed_in(each)}
    assert len(drawn) > 15
    commands = {name: request_in(pressed(name), bot_user=BOT) for name in sorted(drawn)}
    assert [name for name, found in commands.items() if found is None or "unlisted" in found.command] == []
