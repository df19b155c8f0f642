"""Clicks, commands and modals: what the app is asked, and what the person sees of the answer."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.local_slack.harness import (
    ADA,
    GRACE,
    OPS,
    Bot,
    Slack,
    actions,
    button,
    connected,
    plain,
    running,
    section,
)
from tools.contracts.common import JsonObject

OPTIONS = [{"text": plain("Risky"), "value": "risk"}, {"text": plain("Late"), "value": "late"}]
MODAL: JsonObject = {
    "type": "modal",
    "callback_id": "reject",
    "private_metadata": "task-1",
    "title": plain("Reject"),
    "submit": plain("Reject"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": plain("Reason"),
            "element": {"type": "plain_text_input", "action_id": "text", "min_length": 5, "max_length": 20},
        },
        {
            "type": "input",
            "block_id": "kind",
            "optional": True,
            "label": plain("Kind"),
            "element": {"type": "static_select", "action_id": "pick", "options": OPTIONS},
        },
        actions(button("inside")),
    ],
}


async def card(slack: Slack, **more: Any) -> str:
    return await slack.post(blocks=[actions(button("approve", value="v1", style="primary"))], **more)


async def click(slack: Slack, ts: str, **more: Any) -> JsonObject:
    body: JsonObject = {"user": "grace", "channel": OPS, "message_ts": ts, "action_id": "approve", **more}
    return await slack.act("click", **body)


async def open_modal(slack: Slack, bot: Bot, view: JsonObject = MODAL) -> JsonObject:
    """Grace clicks, and the app opens a modal with the trigger it got."""
    await click(slack, await card(slack))
    answer = await slack.call("views.open", trigger_id=bot.heard[-1]["trigger_id"], view=view)
    assert answer["ok"], answer
    return answer["view"]


async def test_a_click_is_block_actions_with_everything_bolt_needs(slack: Slack, bot: Bot) -> None:
    parent = await slack.say("hi", user="ada")
    ts = await card(slack, thread_ts=parent)
    answer = await click(slack, ts)
    assert answer["ok"] is True
    assert answer["ack_ms"] < 3000
    payload = bot.heard[-1]
    (action,) = payload["actions"]
    assert (payload["type"], payload["user"]["id"], payload["channel"]["id"]) == ("block_actions", GRACE, OPS)
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": OPS,
        "is_ephemeral": False,
        "thread_ts": parent,
    }
    assert (action["action_id"], action["value"], action["style"]) == ("approve", "v1", "primary")
    assert payload["message"]["ts"] == ts
    assert payload["state"] == {"values": {}}
    assert payload["response_url"].startswith(slack.base)


async def test_what_is_not_in_the_message_now_cannot_be_clicked(slack: Slack, bot: Bot) -> None:
    ts = await card(slack)
    assert "nobody could click" in (await click(slack, ts, value="forged"))["error"]
    assert "There is no reject" in (await click(slack, ts, action_id="reject"))["error"]
    assert (await click(slack, ts, block_id="elsewhere"))["ok"] is False
    assert (await click(slack, "1.000001"))["ok"] is False
    await slack.call("chat.update", channel=OPS, ts=ts, text="decided", blocks=[section("decided")])
    assert "There is no approve" in (await click(slack, ts))["error"]
    assert bot.heard == []


async def test_an_ephemeral_button_is_for_its_reader_only(slack: Slack, bot: Bot) -> None:
    blocks = [actions(button("approve"))]
    answer = await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="x", blocks=blocks)
    assert (await click(slack, answer["message_ts"], user="grace"))["ok"] is False
    assert (await click(slack, answer["message_ts"], user="ada"))["ok"] is True
    assert bot.heard[-1]["container"]["is_ephemeral"] is True
    assert "message" not in bot.heard[-1]


async def test_choices_are_remembered_in_the_state(slack: Slack, bot: Bot) -> None:
    select = {"type": "static_select", "action_id": "pick", "options": OPTIONS}
    boxes = {"type": "checkboxes", "action_id": "boxes", "options": OPTIONS}
    ts = await slack.post(blocks=[{**actions(select, boxes), "block_id": "b"}])
    assert (await click(slack, ts, action_id="pick", value="nothing"))["ok"] is False
    assert (await click(slack, ts, action_id="pick", value="late"))["ok"] is True
    assert bot.heard[-1]["actions"][0]["selected_option"]["value"] == "late"
    await click(slack, ts, action_id="boxes", value=["risk", "late"])
    values = bot.heard[-1]["state"]["values"]["b"]
    assert values["pick"]["selected_option"]["value"] == "late"
    assert [option["value"] for option in values["boxes"]["selected_options"]] == ["risk", "late"]


async def test_buttons_of_alerts_and_feedback_can_be_clicked(slack: Slack, bot: Bot) -> None:
    alert = await slack.act("alert", attachments=[{"blocks": [actions(button("silence"))]}])
    body = {"user": "ada", "channel": "alerts", "message_ts": alert["ts"]}
    assert (await slack.act("click", **body, action_id="silence"))["ok"] is True
    sides = {
        "positive_button": {"text": plain("+"), "value": "up"},
        "negative_button": {"text": plain("-"), "value": "no"},
    }
    feedback = {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "rate", **sides}]}
    ts = await slack.post(blocks=[feedback])
    assert (await click(slack, ts, action_id="rate", value="up"))["ok"] is True
    assert bot.heard[-1]["actions"][0]["value"] == "up"
    assert (await click(slack, ts, action_id="rate", value="sideways"))["ok"] is False


async def test_a_response_url_works_five_times(slack: Slack, bot: Bot) -> None:
    ts = await card(slack, thread_ts=await slack.say("hi"))
    await click(slack, ts)
    url = bot.heard[-1]["response_url"]

    async def respond(**body: Any) -> tuple[int, str]:
        async with slack.session.post(url, json=body) as response:
            return response.status, await response.text()

    assert await respond(text="only you") == (200, "ok")
    assert await respond(text="all of you", response_type="in_channel") == (200, "ok")
    assert await respond(text="replaced", replace_original=True) == (200, "ok")
    assert await respond(blocks=[{"type": "nope"}]) == (400, "invalid_blocks")
    assert await respond(delete_original=True) == (200, "ok")
    assert await respond(text="once more") == (404, "used_url")
    (parent,) = list((await slack.look("channel", channel=OPS))["messages"])
    assert [each["text"] for each in await slack.thread(parent["ts"], viewer="grace")] == [
        "hi",
        "only you",
        "all of you",
    ]
    assert [each["text"] for each in await slack.thread(parent["ts"], viewer="ada")] == ["hi", "all of you"]


async def test_a_response_url_gets_old(tmp_path: Path) -> None:
    async with running(tmp_path, response_seconds=0.05) as slack, connected(slack) as bot:
        await click(slack, await card(slack))
        await asyncio.sleep(0.1)
        async with slack.session.post(bot.heard[-1]["response_url"], json={"text": "late"}) as response:
            assert (response.status, await response.text()) == (404, "expired_url")


async def test_a_trigger_opens_one_modal_within_three_seconds(tmp_path: Path) -> None:
    async with running(tmp_path, trigger_seconds=0.3) as slack, connected(slack) as bot:
        await open_modal(slack, bot)
        again = bot.heard[-1]["trigger_id"]
        assert await slack.error("views.open", trigger_id=again, view=MODAL) == "exchanged_trigger_id"
        await click(slack, await card(slack))
        await asyncio.sleep(0.4)
        late = bot.heard[-1]["trigger_id"]
        assert await slack.error("views.open", trigger_id=late, view=MODAL) == "expired_trigger_id"


async def test_a_modal_is_shown_to_who_clicked_and_its_values_are_sent(slack: Slack, bot: Bot) -> None:
    view = await open_modal(slack, bot)
    assert (await slack.look("state", viewer="grace"))["view"]["id"] == view["id"]
    assert (await slack.look("state", viewer="ada"))["view"] is None
    values = {"why": {"text": "not today"}, "kind": {"pick": "late"}}
    body = {"user": "grace", "view_id": view["id"], "values": values}
    assert (await slack.act("submit_view", **{**body, "user": "ada"}))["ok"] is False
    assert (await slack.act("submit_view", **body))["ok"] is True
    payload = bot.heard[-1]
    assert (payload["type"], payload["user"]["id"]) == ("view_submission", GRACE)
    assert payload["view"]["private_metadata"] == "task-1"
    assert payload["view"]["state"]["values"]["why"]["text"]["value"] == "not today"
    assert payload["view"]["state"]["values"]["kind"]["pick"]["selected_option"]["value"] == "late"
    assert (await slack.look("state", viewer="grace"))["view"] is None
    assert (await slack.act("submit_view", **body))["ok"] is False


async def test_slacks_form_holds_back_what_is_incomplete(slack: Slack, bot: Bot) -> None:
    view = await open_modal(slack, bot)
    heard = len(bot.heard)
    for values, says in (
        ({}, "Please complete this required field: Reason."),
        ({"why": {"text": "no"}}, "at least 5"),
        ({"why": {"text": "x" * 21}}, "no more than 20"),
    ):
        answer = await slack.act("submit_view", user="grace", view_id=view["id"], values=values)
        assert says in answer["errors"]["why"]
    unknown = await slack.act("submit_view", user="grace", view_id=view["id"], values={"no": {"such": "field"}})
    assert unknown["ok"] is False
    assert len(bot.heard) == heard


async def test_the_app_may_answer_a_modal_with_errors_update_push_or_clear(slack: Slack, bot: Bot) -> None:
    view = await open_modal(slack, bot)
    body: JsonObject = {"user": "grace", "view_id": view["id"], "values": {"why": {"text": "not today"}}}
    bot.answer = {"response_action": "errors", "errors": {"why": "Say more."}}
    answer = await slack.act("submit_view", **body)
    assert (answer["ok"], answer["errors"]) == (False, {"why": "Say more."})
    bot.answer = {"response_action": "update", "view": {**MODAL, "title": plain("Sure?")}}
    assert (await slack.act("submit_view", **body))["response_action"] == "update"
    assert (await slack.look("state", viewer="grace"))["view"]["title"]["text"] == "Sure?"
    bot.answer = {"response_action": "push", "view": MODAL}
    assert (await slack.act("submit_view", **body))["response_action"] == "push"
    pushed = (await slack.look("state", viewer="grace"))["view"]
    assert pushed["previous_view_id"] == view["id"]
    assert "has no view" in (await slack.act("submit_view", **body))["error"]  # it lies below
    bot.answer = {"response_action": "update", "view": {"type": "modal"}}
    bad = await slack.act("submit_view", **{**body, "view_id": pushed["id"]})
    assert (bad["ok"], bad["error"]) == (False, "invalid_arguments")
    bot.answer = {"response_action": "clear"}
    assert (await slack.act("submit_view", **{**body, "view_id": pushed["id"]}))["ok"] is True
    assert (await slack.look("state", viewer="grace"))["view"] is None


async def test_a_click_in_a_modal_can_push_and_update_it(slack: Slack, bot: Bot) -> None:
    view = await open_modal(slack, bot)
    assert (await slack.act("click", user="grace", view_id=view["id"], action_id="inside"))["ok"] is True
    payload = bot.heard[-1]
    assert (payload["container"]["view_id"], payload["view"]["id"]) == (view["id"], view["id"])
    pushed = await slack.call("views.push", trigger_id=payload["trigger_id"], view=MODAL)
    assert pushed["view"]["root_view_id"] == view["id"]
    updated = await slack.call("views.update", view_id=view["id"], view=MODAL, hash=view["hash"])
    assert updated["ok"] is True
    assert await slack.error("views.update", view_id=view["id"], view=MODAL, hash=view["hash"]) == "hash_conflict"
    await slack.act("click", user="grace", view_id=pushed["view"]["id"], action_id="inside")
    assert await slack.error("views.push", trigger_id=bot.heard[-1]["trigger_id"], view=MODAL) == "ok"
    top = (await slack.look("state", viewer="grace"))["view"]["id"]
    await slack.act("click", user="grace", view_id=top, action_id="inside")
    too_many = await slack.error("views.push", trigger_id=bot.heard[-1]["trigger_id"], view=MODAL)
    assert too_many == "push_limit_reached"


async def test_a_trigger_from_a_message_cannot_push(slack: Slack, bot: Bot) -> None:
    await click(slack, await card(slack))
    assert await slack.error("views.push", trigger_id=bot.heard[-1]["trigger_id"], view=MODAL) == "not_found"


async def test_cancelling_a_modal_is_told_when_asked(slack: Slack, bot: Bot) -> None:
    view = await open_modal(slack, bot, {**MODAL, "notify_on_close": True, "external_id": "one"})
    await click(slack, await card(slack))
    trigger = bot.heard[-1]["trigger_id"]
    assert (
        await slack.error("views.open", trigger_id=trigger, view={**MODAL, "external_id": "one"})
        == "duplicate_external_id"
    )
    assert (await slack.act("close_view", user="grace", view_id=view["id"]))["ok"] is True
    assert bot.heard[-1]["type"] == "view_closed"
    assert (await slack.look("state", viewer="grace"))["view"] is None


async def test_a_command_is_answered_to_its_user_only(slack: Slack, bot: Bot) -> None:
    bot.answer = "here is help"
    answer = await slack.act("command", user="ada", channel=OPS, command="/gavel", text="help")
    assert answer["ok"] is True
    payload = bot.heard[-1]
    assert (payload["command"], payload["text"], payload["user_id"]) == ("/gavel", "help", ADA)
    mine = (await slack.look("channel", channel=OPS, viewer="ada"))["messages"]
    assert [(each["text"], each["ephemeral"]) for each in mine] == [("here is help", True)]
    assert (await slack.look("channel", channel=OPS, viewer="grace"))["messages"] == []


async def test_a_command_that_fails_shows_slackbots_words(slack: Slack) -> None:
    answer = await slack.act("command", user="ada", channel=OPS, text="help")
    assert (answer["ok"], answer["error"]) == (False, "dispatch_failed")
    (message,) = (await slack.look("channel", channel=OPS, viewer="ada"))["messages"]
    assert (message["author"], message["text"]) == ("Slackbot", '/gavel failed with the error "dispatch_failed"')
    async with connected(slack) as bot:
        bot.silent = True
        slow = await slack.act("command", user="ada", channel=OPS, text="help")
        assert slow["error"] == "operation_timeout"
        bot.silent, bot.answer = False, {"blocks": [{"type": "nope"}]}
        assert (await slack.act("command", user="ada", channel=OPS))["error"] == "invalid_blocks"
    assert (await slack.act("command", user="ada", channel=OPS, command="/nope"))["ok"] is False


async def test_nobody_can_act_as_the_app(slack: Slack, bot: Bot) -> None:
    ts = await card(slack)
    for what, body in (
        ("say", {"user": "gavel", "channel": OPS, "text": "approved"}),
        ("edit", {"user": "gavel", "channel": OPS, "ts": ts, "text": "approved"}),
        ("click", {"user": "gavel", "channel": OPS, "message_ts": ts, "action_id": "approve"}),
        ("command", {"user": "slackbot", "channel": OPS}),
    ):
        assert "only people act here" in (await slack.act(what, **body))["error"]
    assert bot.heard == []
