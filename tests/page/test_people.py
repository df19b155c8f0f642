"""What people know from Slack: who sees what, what is unread, forms, menus, and a phone."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, expect

from tests.page.window import PHONE, window
from tests.unit.local_slack.harness import ADA, ALERTS, OPS, Bot, Slack, actions, button, plain, section, until
from tools.contracts.common import JsonObject

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def field(name: str, **more: object) -> JsonObject:
    element = {"type": "plain_text_input", "action_id": "text", **more}
    return {"type": "input", "block_id": name, "label": plain(name), "element": element}


def form(*blocks: JsonObject, title: str = "A form") -> JsonObject:
    return {"type": "modal", "title": plain(title), "submit": plain("Save"), "blocks": list(blocks)}


async def test_a_form_keeps_what_was_entered_shows_what_is_wrong_and_stacks(
    browser: Browser, slack: Slack, bot: Bot
) -> None:
    options = [{"text": plain("Canary"), "value": "canary"}, {"text": plain("All at once"), "value": "all"}]
    choice = {"type": "static_select", "action_id": "how", "options": options}
    strategy: JsonObject = {"type": "input", "block_id": "How", "label": plain("How"), "element": choice}
    await slack.post(text="card", blocks=[actions(button("edit", text=plain("Edit")))])
    async with window(browser, slack.base) as page:
        await page.channel.get_by_role("button", name="Edit", exact=True).click()
        await until(lambda: bool(bot.heard))
        trigger = bot.heard[-1]["trigger_id"]
        opened = await slack.call("views.open", trigger_id=trigger, view=form(field("Why"), strategy))
        assert opened["ok"], opened

        await page.modal.get_by_role("button", name="Save").click()
        await expect(page.modal.get_by_role("alert")).to_have_count(2)
        await page.modal.get_by_label("Why").fill("because <b>")
        await page.modal.get_by_label("How").select_option(label="Canary")
        bot.answer = {"response_action": "errors", "errors": {"Why": "Say it in ten words."}}
        await page.modal.get_by_role("button", name="Save").click()
        await expect(page.modal.locator("[data-block=Why]").get_by_role("alert")).to_have_text("Say it in ten words.")
        await expect(page.modal.get_by_label("Why")).to_have_value("because <b>")

        changed = form(field("Why"), strategy, section("Nearly there"), title="Again")
        await slack.call("views.update", view_id=opened["view"]["id"], view=changed)
        await expect(page.modal).to_contain_text("Nearly there")
        await expect(page.modal.get_by_label("Why")).to_have_value("because <b>")
        bot.answer = {"response_action": "push", "view": form(field("More"), title="On top")}
        await page.modal.get_by_role("button", name="Save").click()
        await expect(page.modal.get_by_role("heading")).to_have_text("On top")
        said = bot.heard[-1]["view"]["state"]["values"]
        assert said["Why"]["text"]["value"] == "because <b>"
        assert said["How"]["how"]["selected_option"]["value"] == "canary"
        await page.page.keyboard.press("Escape")
        await expect(page.modal.get_by_role("heading")).to_have_text("Again")
        await page.modal.get_by_role("button", name="Close").click()
        await expect(page.modal).to_have_count(0)


async def test_only_the_person_it_is_for_sees_a_message_or_a_form(browser: Browser, slack: Slack, bot: Bot) -> None:
    await slack.post(text="card", blocks=[actions(button("press"))])
    await slack.call("chat.postEphemeral", channel=OPS, user=ADA, text="Only Ada reads this")
    async with window(browser, slack.base) as page:
        await expect(page.said("Only Ada reads this", within=page.channel)).to_contain_text("Only visible to you")
        await page.channel.get_by_role("button", name="press").click()
        await until(lambda: bool(bot.heard))
        await slack.call("views.open", trigger_id=bot.heard[-1]["trigger_id"], view=form(field("Why")))
        await expect(page.modal).to_be_visible()
        async with window(browser, slack.base, place="as=grace&channel=ops") as other:
            await expect(other.channel.get_by_role("button", name="press")).to_be_visible()
            await expect(other.channel.get_by_text("Only Ada reads this")).to_have_count(0)
            await expect(other.modal).to_have_count(0)


async def test_a_question_before_a_dangerous_button_can_be_answered_with_no(
    browser: Browser, slack: Slack, bot: Bot
) -> None:
    words = {"title": "Stop it?", "text": "Nothing is undone.", "confirm": "Stop", "deny": "Go on"}
    confirm = {name: plain(text) for name, text in words.items()}
    await slack.post(text="card", blocks=[actions(button("stop", confirm=confirm, style="danger"))])
    async with window(browser, slack.base) as page:
        for answer, heard in (("Go on", 0), ("Stop", 1)):
            await page.channel.get_by_role("button", name="stop", exact=True).click()
            await page.modal.get_by_role("button", name=answer, exact=True).click()
            await expect(page.modal).to_have_count(0)
            await until(lambda heard=heard: len(bot.heard) == heard)


async def test_what_came_elsewhere_is_unread_until_it_is_looked_at(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    await slack.act("alert", channel="alerts", text="before anybody looked")
    async with window(browser, slack.base) as page:
        side = page.page.get_by_role("navigation")
        await expect(side.get_by_role("button", name=re.compile("alerts.*unread"))).to_be_visible()
        await page.go("alerts")
        await expect(page.said("before anybody looked", within=page.channel)).to_be_visible()
        await expect(side.get_by_text("unread")).to_have_count(0)
        root = await slack.say("a question", user="grace")
        await expect(side.get_by_role("button", name=re.compile("ops.*unread"))).to_be_visible()
        await page.go("ops")
        await slack.post(thread_ts=root, text="an answer")
        await expect(page.said("a question", within=page.channel)).to_contain_text("1 reply")
        await expect(page.channel.get_by_text("new", exact=True)).to_be_visible()
        await page.open_thread("a question")
        await expect(page.channel.get_by_text("new", exact=True)).to_have_count(0)


async def test_typing_offers_commands_and_people_and_ones_own_words_can_be_changed(
    browser: Browser, slack: Slack, bot: Bot
) -> None:
    async with window(browser, slack.base) as page:
        typing = page.channel.get_by_role("textbox")
        await typing.press_sequentially("/ga")
        await typing.press("Tab")
        await typing.press_sequentially("he")
        await expect(page.page.get_by_role("option", name="/gavel help")).to_be_visible()
        await typing.press("Tab")
        await typing.press("Enter")
        await until(lambda: any(body.get("command") == "/gavel" and body["text"] == "help" for body in bot.heard))
        await typing.press_sequentially("@grac")
        await typing.press("Enter")
        await typing.press_sequentially("look at #op")
        await typing.press("Tab")
        await typing.press("Enter")
        message = page.said("look at", within=page.channel)
        await expect(message.locator(".mention")).to_have_text(["@grace", "#ops"])

        await message.hover()
        await message.get_by_role("button", name="Add a reaction").click()
        await message.get_by_role("menuitem").first.click()
        await expect(message.locator(".reaction")).to_contain_text("1")
        await message.get_by_role("button", name="More actions").click()
        await message.get_by_role("menuitem", name="Edit message").click()
        await page.channel.get_by_label("Edit message").fill("@grace never mind")
        await page.channel.get_by_role("button", name="Save").click()
        await expect(page.said("never mind", within=page.channel)).to_contain_text("(edited)")


async def test_the_home_tab_shows_what_the_app_published_and_is_clicked(
    browser: Browser, slack: Slack, bot: Bot
) -> None:
    blocks = [section("Waiting for you: 2"), actions(button("refresh"))]
    async with window(browser, slack.base) as page:
        await page.go("Gavel")
        await page.page.get_by_role("tab", name="Home").click()
        await expect(page.page.get_by_text("not shown anything here yet")).to_be_visible()
        await slack.call("views.publish", user_id=ADA, view={"type": "home", "blocks": blocks})
        await expect(page.page.get_by_role("region", name="Home")).to_contain_text("Waiting for you: 2")
        await page.page.get_by_role("button", name="refresh").click()
        await until(lambda: any(body.get("type") == "block_actions" for body in bot.heard))
        now = [section("Nothing waits"), blocks[1]]
        await slack.call("views.publish", user_id=ADA, view={"type": "home", "blocks": now})
        await expect(page.page.get_by_role("region", name="Home")).to_contain_text("Nothing waits")


async def test_a_link_to_a_message_opens_it_for_the_same_person(browser: Browser, slack: Slack, bot: Bot) -> None:
    root = await slack.post(text="the root")
    await slack.post(thread_ts=root, text="the answer")
    permalink = f"{slack.base}/archives/{OPS}/p{root.replace('.', '')}"
    look = button("look", text=plain("Look and decide"), url=permalink)
    home = {"type": "home", "blocks": [section(f"<{permalink}|the task>"), actions(look)]}
    await slack.call("views.publish", user_id="U0GRACE001", view=home)
    async with window(browser, slack.base, place="as=grace&channel=ops") as page:
        for role, name in (("link", "the task"), ("button", "Look and decide")):
            await page.go("Gavel")
            await page.page.get_by_role("tab", name="Home").click()
            await page.page.get_by_role("link" if role == "link" else "button", name=name).click()
            await expect(page.said("the answer")).to_be_visible()
            await expect(page.page.get_by_label("Viewing as")).to_have_value("U0GRACE001")
        await until(lambda: any(body.get("type") == "block_actions" for body in bot.heard))
        assert len(page.page.context.pages) == 1
    async with window(browser, slack.base) as page:
        await page.page.goto(permalink)
        await expect(page.said("the answer")).to_be_visible()


async def test_on_a_phone_one_thing_is_shown_at_a_time(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    root = await slack.post(text="root")
    long = section("web-prod-with-a-very-long-name-" * 12)
    await slack.post(thread_ts=root, text="card", blocks=[long, actions(button("Approve"), button("Reject"))])
    async with window(browser, slack.base, size=PHONE, scheme="dark") as page:
        await expect(page.page.get_by_role("navigation")).to_be_hidden()
        await page.open_thread("root")
        await expect(page.channel).to_be_hidden()
        for name in ("Approve", "Reject"):
            target = await page.thread.get_by_role("button", name=name).bounding_box()
            assert target is not None
            assert target["height"] >= 36
            assert target["x"] + target["width"] <= PHONE[0]
        assert await page.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        await page.thread.get_by_role("button", name="Close thread").click()
        await page.go("alerts")
        await expect(page.page.get_by_role("heading", name="alerts")).to_be_visible()
        await expect(page.page.get_by_role("navigation")).to_be_hidden()


async def test_light_and_dark_follow_the_system_until_somebody_chooses(browser: Browser, slack: Slack) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    async with window(browser, slack.base, scheme="dark") as page:
        dark = await page.page.evaluate(background)
        await page.page.emulate_media(color_scheme="light")
        await expect(page.page.locator("html")).to_have_attribute("data-theme", "light")
        light = await page.page.evaluate(background)
        assert (light, dark) == ("rgb(255, 255, 255)", "rgb(26, 29, 33)")
        switch = page.page.get_by_role("button", name=re.compile("^Colours"))
        await switch.click()
        await switch.click()
        await page.page.reload()
        await expect(switch).to_have_accessible_name("Colours: dark")
        assert await page.page.evaluate(background) == dark


async def test_a_storm_of_messages_leaves_the_page_quick_and_whole(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    async with window(browser, slack.base) as page:
        parent = await slack.post(channel=ALERTS, text="Storm: 0 alerts")
        await expect(page.page.get_by_role("navigation").get_by_text("unread")).to_be_attached()
        await page.go("alerts")
        for number in range(1, 401):
            await slack.act("alert", channel="alerts", text=f"alert {number}")
            if number % 10 == 0:
                await slack.call("chat.update", channel=ALERTS, ts=parent, text=f"Storm: {number} alerts")
        await expect(page.said("alert 400", within=page.channel)).to_be_in_viewport()
        shown = await page.channel.locator(".message").count()
        assert 100 <= shown <= 300, shown
        took: float = await page.page.evaluate(
            "new Promise(done => { const at = performance.now(); requestAnimationFrame(() => setTimeout(() =>"
            " done(performance.now() - at))) })"
        )
        assert took < 10_000, f"the page answers after {took:.0f} ms"
        await page.go("ops")
        await expect(page.page.get_by_role("heading", name="ops")).to_be_visible()


async def test_files_go_with_a_message_and_pictures_are_shown(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    async with window(browser, slack.base) as page:
        await page.channel.get_by_label("Attach files").set_input_files(
            [
                {"name": "graph.png", "mimeType": "image/png", "buffer": PIXEL},
                {"name": "<b>trace</b>.log", "mimeType": "text/plain", "buffer": b"line"},
                {"name": "page.html", "mimeType": "text/html", "buffer": b"<script>window.pwned = 1</script>"},
            ]
        )
        await page.channel.get_by_role("button", name="Remove page.html").click()
        await expect(page.channel.get_by_role("list", name="Attached files").get_by_role("listitem")).to_have_count(2)
        await page.say("what is this?")
        message = page.said("what is this?", within=page.channel)
        picture = message.get_by_role("img", name="graph.png")
        await expect(picture).to_have_js_property("naturalWidth", 1)
        await expect(message.get_by_role("link", name="<b>trace</b>.log")).to_be_visible()
        await expect(page.channel.get_by_role("list", name="Attached files")).to_have_count(0)
        async with page.page.expect_download() as download:
            await message.get_by_role("link", name="<b>trace</b>.log").click()
        saved = await (await download.value).path()
        assert saved.read_bytes() == b"line"
        await page.channel.get_by_label("Attach files").set_input_files(
            {"name": "empty.txt", "mimeType": "text/plain", "buffer": b""}
        )
        await page.channel.get_by_role("button", name="Send").click()
        await expect(page.page.get_by_text("empty.txt is empty or over 20 MB. Nothing was sent.")).to_be_visible()


async def test_a_workspace_that_goes_away_and_comes_back_is_shown_as_it_is_then(
    browser: Browser, slack: Slack, bot: Bot
) -> None:
    del bot
    async with window(browser, slack.base) as page:
        await expect(page.page.get_by_text("app connected")).to_be_visible()
        await page.page.route("**/local/stream?*", lambda route: route.abort())
        await page.become("Grace")
        await expect(page.page.get_by_text("reconnecting")).to_be_visible()
        await slack.post(text="while nobody heard")
        await page.page.unroute_all()
        await expect(page.said("while nobody heard", within=page.channel)).to_be_visible()
        await expect(page.page.get_by_text("app connected")).to_be_visible()
        # The browser itself says that the line was broken.
        page.problems[:] = [problem for problem in page.problems if "net::ERR_FAILED" not in problem]


async def test_shortcuts_are_offered_where_slack_offers_them(browser: Browser, slack: Slack, bot: Bot) -> None:
    asked: list[JsonObject] = []

    async def heard(body: JsonObject, ack: Callable[[], Awaitable[object]]) -> None:
        asked.append(body)
        await ack()

    for name in ("gavel.shortcut.ask", "gavel.shortcut.about"):
        bot.app.shortcut(name)(heard)
    await slack.say("what is this?", user="grace")
    async with window(browser, slack.base) as page:
        await page.channel.get_by_role("button", name="Shortcuts").click()
        await page.page.get_by_role("menuitem", name="Ask Gavel").click()
        await until(lambda: len(asked) == 1)
        message = page.said("what is this?", within=page.channel)
        await message.hover()
        await message.get_by_role("button", name="More actions").click()
        await message.get_by_role("menuitem", name="Ask Gavel about this").click()
        await until(lambda: len(asked) == 2)
    assert [body["type"] for body in asked] == ["shortcut", "message_action"]
    assert asked[1]["message"]["text"] == "what is this?"


async def test_the_assistant_greets_with_prompts_that_one_click_sends(browser: Browser, slack: Slack, bot: Bot) -> None:
    async def started(event: JsonObject) -> None:
        channel, ts = event["assistant_thread"]["channel_id"], event["assistant_thread"]["thread_ts"]
        prompts = [{"title": "What has drifted?", "message": "which servers have drifted?"}]
        await slack.post(channel=channel, thread_ts=ts, text="What can I do?")
        await slack.call("assistant.threads.setTitle", channel_id=channel, thread_ts=ts, title="Drift")
        await slack.call("assistant.threads.setSuggestedPrompts", channel_id=channel, thread_ts=ts, prompts=prompts)
        await slack.call("assistant.threads.setStatus", channel_id=channel, thread_ts=ts, status="is looking")

    bot.app.event("assistant_thread_started")(started)
    async with window(browser, slack.base) as page:
        await page.go("Gavel")
        await page.page.get_by_role("button", name="New chat").click()
        await expect(page.thread.get_by_role("heading")).to_contain_text("Drift")
        await expect(page.thread.get_by_role("status")).to_contain_text("Gavel is looking")
        await page.page.reload()
        await page.thread.get_by_role("button", name="What has drifted?").click()
        await expect(page.said("which servers have drifted?")).to_be_visible()
