"""Every method and every error name that the bot can meet, by the real SDK client."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Literal

import pytest

from bot.local.slack.seed import DEFAULT_MANIFEST, Channel
from tests.unit.local_slack.harness import (
    ADA,
    ALERTS,
    BOT,
    GENERAL,
    GRACE,
    OPS,
    TEAM,
    Slack,
    actions,
    button,
    plain,
    running,
    section,
)
from tools.contracts.common import JsonObject

MODAL: JsonObject = {"type": "modal", "title": plain("T"), "blocks": [section("hello")]}


async def test_auth_test_says_who_the_bot_is(slack: Slack) -> None:
    answer = await slack.call("auth.test")
    assert (answer["ok"], answer["user_id"], answer["team_id"], answer["bot_id"]) == (True, BOT, TEAM, "B0GAVEL001")


async def test_scopes_are_in_the_header_that_bolt_reads(slack: Slack) -> None:
    answer = await slack.client.auth_test()
    assert "chat:write" in answer.headers["X-OAuth-Scopes"]


async def test_a_call_needs_the_right_token(slack: Slack) -> None:
    app_token = slack.workspace.credentials.app_token
    assert await slack.error("auth.test", token="xoxb-wrong") == "invalid_auth"
    assert await slack.error("auth.test", token="xoxb-wröng") == "invalid_auth"
    assert await slack.error("auth.test", token=app_token) == "not_allowed_token_type"
    assert await slack.error("apps.connections.open") == "not_allowed_token_type"
    assert await slack.error("apps.connections.open", token="xapp-wrong") == "invalid_auth"
    async with slack.session.post(f"{slack.base}/api/auth.test") as response:
        assert (await response.json())["error"] == "not_authed"


async def test_a_missing_scope_is_named(tmp_path: Path) -> None:
    bare = dataclasses.replace(DEFAULT_MANIFEST, scopes=frozenset({"users:read"}))
    async with running(tmp_path, manifest=bare) as slack:
        answer = await slack.call("chat.postMessage", channel=OPS, text="x")
        assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "chat:write", "users:read")


async def test_an_unknown_method_is_named(slack: Slack) -> None:
    answer = await slack.call("chat.shout")
    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


async def test_json_form_and_query_are_all_read(slack: Slack) -> None:
    headers = {"Authorization": f"Bearer {slack.workspace.credentials.bot_token}"}
    url, blocks = f"{slack.base}/api/chat.postMessage", '[{"type":"divider"}]'
    async with slack.session.post(url, headers=headers, data={"channel": OPS, "blocks": blocks}) as response:
        assert (await response.json())["message"]["blocks"][0]["type"] == "divider"
    async with slack.session.get(url, headers=headers, params={"channel": OPS, "text": "by query"}) as response:
        assert (await response.json())["message"]["text"] == "by query"
    async with slack.session.post(
        url, data={"channel": OPS, "text": "x", "token": headers["Authorization"][7:]}
    ) as response:
        assert (await response.json())["ok"]
    json_headers = {**headers, "Content-Type": "application/json"}
    for body, error in (("{", "invalid_json"), ("[]", "json_not_object")):
        async with slack.session.post(url, headers=json_headers, data=body) as response:
            assert (await response.json())["error"] == error


async def test_posting_is_refused_by_slacks_names(slack: Slack) -> None:
    assert await slack.error("chat.postMessage", text="x") == "invalid_arguments"
    assert await slack.error("chat.postMessage", channel="C0NOWHERE0", text="x") == "channel_not_found"
    assert await slack.error("chat.postMessage", channel=GENERAL, text="x") == "not_in_channel"
    assert await slack.error("chat.postMessage", channel=OPS) == "no_text"
    assert await slack.error("chat.postMessage", channel=OPS, text="  ") == "no_text"
    assert await slack.error("chat.postMessage", channel=OPS, blocks="{") == "invalid_blocks_format"
    assert await slack.error("chat.postMessage", channel=OPS, text="x", thread_ts="1.2") == "cannot_reply_to_message"
    assert await slack.error("chat.postMessage", channel=OPS, text="x", markdown_text="y") == "markdown_text_conflict"
    assert await slack.error("chat.postMessage", channel=OPS, markdown_text="y" * 12_001) == "msg_too_long"
    assert await slack.error("chat.postMessage", channel=OPS, text="x", metadata={"a": 1}) == "invalid_metadata_format"


async def test_what_is_missing_is_listed(slack: Slack) -> None:
    answer = await slack.call("reactions.add", channel=OPS)
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] missing required field: name",
        "[ERROR] missing required field: timestamp",
    ]


async def test_text_past_40000_characters_is_truncated(slack: Slack) -> None:
    answer = await slack.call("chat.postMessage", channel=OPS, text="x" * 40_100)
    assert len(answer["message"]["text"]) == 40_000


async def test_a_reply_to_a_reply_goes_to_its_thread(slack: Slack) -> None:
    parent = await slack.post()
    reply = await slack.post(thread_ts=parent)
    second = await slack.call("chat.postMessage", channel=OPS, text="x", thread_ts=reply)
    assert second["message"]["thread_ts"] == parent


async def test_a_user_id_as_channel_means_the_direct_conversation(slack: Slack) -> None:
    answer = await slack.call("chat.postMessage", channel=ADA, text="psst")
    assert answer["channel"] == "D0ADA00001"


async def test_updating_keeps_what_is_not_given_and_counts_edits(slack: Slack) -> None:
    metadata = {"event_type": "gavel_card", "event_payload": {"key": "k"}}
    ts = await slack.post(blocks=[section("one")], metadata=metadata)
    assert (await slack.call("chat.update", channel=OPS, ts=ts, text="two"))["ok"]
    await slack.call("chat.update", channel=OPS, ts=ts, blocks=[section("three")])
    message = (await slack.thread(ts))[0]
    assert (message["text"], message["blocks"][0]["text"]["text"], message["edits"]) == ("two", "three", 2)
    assert message["metadata"] == metadata
    await slack.call("chat.update", channel=OPS, ts=ts, text="four", blocks=[], metadata={})
    message = (await slack.thread(ts))[0]
    assert (message["blocks"], message["metadata"], message["edited"]) == ([], None, True)


async def test_updating_is_refused_by_slacks_names(slack: Slack) -> None:
    theirs, mine = await slack.say("hello"), await slack.post()
    assert await slack.error("chat.update", channel=OPS, ts=theirs, text="x") == "cant_update_message"
    assert await slack.error("chat.update", channel=OPS, ts="1.000001", text="x") == "message_not_found"
    assert await slack.error("chat.update", channel=OPS, ts=mine) == "no_text"
    assert await slack.error("chat.update", channel=OPS, ts=mine, text="x" * 4001) == "msg_too_long"
    assert await slack.error("chat.update", channel=OPS, ts=mine, blocks=[{"type": "nope"}]) == "invalid_blocks"
    ephemeral = await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="psst")
    assert await slack.error("chat.update", channel=OPS, ts=ephemeral["message_ts"], text="x") == "message_not_found"


async def test_deleting_leaves_a_tombstone_where_there_are_replies(slack: Slack) -> None:
    theirs, alone, parent = await slack.say("hello"), await slack.post(), await slack.post()
    await slack.post(thread_ts=parent)
    assert await slack.error("chat.delete", channel=OPS, ts=theirs) == "cant_delete_message"
    assert await slack.error("chat.delete", channel=OPS, ts=alone) == "ok"
    assert await slack.error("chat.delete", channel=OPS, ts=alone) == "message_not_found"
    assert await slack.error("chat.delete", channel=OPS, ts=parent) == "ok"
    assert (await slack.thread(parent))[0]["subtype"] == "tombstone"


async def test_an_ephemeral_message_is_seen_by_one_person_and_no_history(slack: Slack) -> None:
    ts = await slack.post()
    answer = await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="only you", thread_ts=ts)
    assert [each["text"] for each in await slack.thread(ts, viewer="ada")] == ["hello", "only you"]
    assert [each["text"] for each in await slack.thread(ts, viewer="grace")] == ["hello"]
    replies = await slack.call("conversations.replies", channel=OPS, ts=ts)
    assert [each["ts"] for each in replies["messages"]] == [ts]
    assert await slack.error("chat.postEphemeral", channel=OPS, user="U0NOBODY00", text="x") == "user_not_in_channel"
    assert await slack.error("chat.getPermalink", channel=OPS, message_ts=answer["message_ts"]) == "message_not_found"


async def test_replies_page_by_cursor_and_carry_all_metadata_when_asked(slack: Slack) -> None:
    parent = await slack.post()
    for number in range(5):
        metadata = {"event_type": "step", "event_payload": {"number": number}}
        await slack.post(text=str(number), thread_ts=parent, metadata=metadata)
    seen: list[int] = []
    cursor = ""
    while True:
        page = await slack.call(
            "conversations.replies", channel=OPS, ts=parent, limit=2, cursor=cursor, include_all_metadata=True
        )
        seen += [each["metadata"]["event_payload"]["number"] for each in page["messages"] if "metadata" in each]
        cursor = page["response_metadata"]["next_cursor"]
        assert page["has_more"] == bool(cursor)
        if not cursor:
            break
    assert seen == [0, 1, 2, 3, 4]
    partly = await slack.call("conversations.replies", channel=OPS, ts=parent)
    assert partly["messages"][1]["metadata"] == {"event_type": "step"}
    assert partly["messages"][0]["reply_count"] == 5
    assert await slack.error("conversations.replies", channel=OPS, ts="1.000001") == "thread_not_found"
    assert await slack.error("conversations.replies", channel=OPS, ts=parent, cursor="x") == "invalid_cursor"


async def test_history_is_newest_first_within_bounds_and_without_replies(slack: Slack) -> None:
    first, second, third = [await slack.post(text=str(number)) for number in range(3)]
    await slack.post(thread_ts=first)
    everything = await slack.call("conversations.history", channel=OPS)
    assert [each["ts"] for each in everything["messages"]] == [third, second, first]
    later = await slack.call("conversations.history", channel=OPS, oldest=first)
    assert [each["ts"] for each in later["messages"]] == [third, second]
    closed = await slack.call("conversations.history", channel=OPS, oldest=first, latest=second, inclusive=True)
    assert [each["ts"] for each in closed["messages"]] == [second, first]
    assert await slack.error("conversations.history", channel=GENERAL) == "not_in_channel"
    assert await slack.error("conversations.history", channel=OPS, oldest="soon") == "invalid_ts_oldest"


@pytest.mark.parametrize("inside", [True, False])
async def test_a_private_channel_is_there_for_its_members_only(slack: Slack, *, inside: bool) -> None:
    secret = "G0SECRET01"
    members = [ADA, BOT] if inside else [ADA]
    slack.workspace.channels[secret] = Channel(secret, "secret", members=members, private=True)
    expected = "ok" if inside else "channel_not_found"
    for method in ("conversations.info", "conversations.members", "conversations.history"):
        assert await slack.error(method, channel=secret) == expected
    assert await slack.error("chat.postMessage", channel=secret, text="x") == expected
    assert await slack.error("chat.postEphemeral", channel=secret, user=ADA, text="x") == expected
    joined = await slack.error("conversations.join", channel=secret)
    assert joined == ("method_not_supported_for_channel_type" if inside else "channel_not_found")
    for method, more in (("conversations.list", {}), ("users.conversations", {"user": ADA})):
        public = await slack.call(method, types="public_channel", **more)
        assert secret not in {each["id"] for each in public["channels"]}
        private = await slack.call(method, types="private_channel", **more)
        assert [each["id"] for each in private["channels"]] == ([secret] if inside else [])


@pytest.mark.parametrize("shared", ["no", "ext", "pending_ext", "org"])
async def test_a_channel_says_with_whom_it_is_shared(
    slack: Slack, shared: Literal["no", "ext", "pending_ext", "org"]
) -> None:
    slack.workspace.channels[OPS].shared = shared
    info = (await slack.call("conversations.info", channel=OPS))["channel"]
    names = ("is_ext_shared", "is_pending_ext_shared", "is_org_shared")
    assert [name for name in names if info[name]] == ([] if shared == "no" else [f"is_{shared}_shared"])
    assert info["is_shared"] is (shared in ("ext", "org"))


async def test_conversations_and_users_are_listed(slack: Slack) -> None:
    mine = await slack.call("users.conversations", types="public_channel,im")
    assert {OPS, ALERTS, "D0ADA00001"} <= {each["id"] for each in mine["channels"]}
    assert GENERAL not in {each["id"] for each in mine["channels"]}
    everywhere = await slack.call("conversations.list")
    assert {each["name"] for each in everywhere["channels"]} == {"ops", "alerts", "general"}
    assert (await slack.call("conversations.info", channel=OPS))["channel"]["is_member"] is True
    assert GRACE in (await slack.call("conversations.members", channel=OPS))["members"]
    assert (await slack.call("conversations.open", users=ADA))["channel"]["id"] == "D0ADA00001"
    assert (await slack.call("users.info", user=ADA))["user"]["real_name"] == "Ada Lovelace"
    assert await slack.error("users.info", user="U0NOBODY00") == "user_not_found"
    assert {each["name"] for each in (await slack.call("users.list"))["members"]} >= {"ada", "gavel"}
    assert (await slack.call("bots.info", bot="B0GAVEL001"))["bot"]["user_id"] == BOT
    assert await slack.error("bots.info", bot="B0NOBODY00") == "bot_not_found"


async def test_joining_makes_posting_possible(slack: Slack) -> None:
    assert (await slack.call("conversations.join", channel=GENERAL))["channel"]["is_member"] is True
    assert await slack.error("chat.postMessage", channel=GENERAL, text="x") == "ok"


async def test_user_groups_are_read_when_asked(slack: Slack) -> None:
    groups = (await slack.call("usergroups.list", include_users=True))["usergroups"]
    approvers = next(group for group in groups if group["handle"] == "gavel-approvers")
    assert approvers["users"] == [GRACE, "U0LINUS001"]
    await slack.act("usergroup", usergroup="gavel-approvers", users=["linus"])
    users = await slack.call("usergroups.users.list", usergroup=approvers["id"])
    assert users["users"] == ["U0LINUS001"]
    assert await slack.error("usergroups.users.list", usergroup="S0NOTHING0") == "no_such_subteam"


async def test_reactions_are_added_once(slack: Slack) -> None:
    ts = await slack.say("hello")
    assert await slack.error("reactions.add", channel=OPS, timestamp=ts, name="eyes") == "ok"
    assert await slack.error("reactions.add", channel=OPS, timestamp=ts, name="eyes") == "already_reacted"
    assert await slack.error("reactions.add", channel=OPS, timestamp="1.000001", name="eyes") == "message_not_found"
    assert (await slack.thread(ts))[0]["reactions"] == [{"name": "eyes", "users": [BOT]}]


async def test_assistant_threads_take_status_title_and_prompts(slack: Slack) -> None:
    direct = "D0ADA00001"
    thread = {"channel_id": direct, "thread_ts": await slack.say("hello", channel=direct)}
    assert await slack.error("assistant.threads.setStatus", **thread, status="is thinking…") == "ok"
    assert await slack.error("assistant.threads.setTitle", **thread, title="Drift") == "ok"
    prompts = [{"title": "Drift", "message": "what drifted?"}]
    assert await slack.error("assistant.threads.setSuggestedPrompts", **thread, prompts=prompts) == "ok"
    assert await slack.error("assistant.threads.setSuggestedPrompts", **thread, prompts=[{}]) == "invalid_arguments"
    assert await slack.error("assistant.threads.setStatus", **thread) == "invalid_arguments"
    assert (
        await slack.error("assistant.threads.setTitle", channel_id=direct, thread_ts="1.1", title="x")
        == "invalid_thread_ts"
    )
    public = {"channel_id": OPS, "thread_ts": await slack.say("hello")}
    assert await slack.error("assistant.threads.setStatus", **public, status="is thinking…") == "ok"
    assert await slack.error("assistant.threads.setTitle", **public, title="x") == "channel_type_not_supported"


BAD_VIEWS: list[JsonObject] = [
    {**MODAL, "type": "drawer"},
    {**MODAL, "title": plain("x" * 25)},
    {**MODAL, "blocks": [{"type": "table", "rows": []}]},
    {**MODAL, "blocks": [section("x")] * 101},
    {"type": "modal", "blocks": []},
    {**MODAL, "blocks": [{"type": "input", "label": plain("L"), "element": {"type": "plain_text_input"}}]},
    {**MODAL, "colour": "red"},
]


@pytest.mark.parametrize("view", BAD_VIEWS)
async def test_a_view_is_refused_before_its_trigger_is_used(slack: Slack, view: JsonObject) -> None:
    answer = await slack.call("views.open", trigger_id="1.2.x", view=view)
    assert answer["error"] == "invalid_arguments"
    assert "json-pointer:/view" in answer["response_metadata"]["messages"][0]


async def test_views_are_refused_by_slacks_names(slack: Slack) -> None:
    assert await slack.error("views.open", trigger_id="1.2.x", view=MODAL) == "invalid_trigger_id"
    assert await slack.error("views.open", view=MODAL) == "invalid_arguments"
    assert await slack.error("views.open", trigger_id="1.2.x") == "invalid_arguments"
    assert await slack.error("views.update", view_id="V0NOWHERE", view=MODAL) == "not_found"
    huge = {**MODAL, "private_metadata": "x" * 300_000}
    assert await slack.error("views.open", trigger_id="1.2.x", view=huge) == "view_too_large"


async def test_a_home_tab_is_published_and_guarded_by_its_hash(slack: Slack) -> None:
    home = {"type": "home", "blocks": [section("hi"), actions(button("go"))]}
    first = await slack.call("views.publish", user_id=ADA, view=home)
    second = await slack.call("views.publish", user_id=ADA, view=home, hash=first["view"]["hash"])
    assert second["ok"]
    assert second["view"]["id"] == first["view"]["id"]
    assert await slack.error("views.publish", user_id=ADA, view=home, hash=first["view"]["hash"]) == "hash_conflict"
    assert await slack.error("views.publish", user_id=ADA, view=MODAL) == "invalid_arguments"
    assert (await slack.act("home", user="ada"))["view"]["id"] == first["view"]["id"]
