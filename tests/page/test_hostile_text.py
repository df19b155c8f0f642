"""Text that others wrote stays text: in every place of the page where it can stand."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Error, expect

from tests.page.window import window
from tests.unit.blocks.samples import HOSTILE
from tests.unit.local_slack.harness import ADA, OPS, TEAM, Bot, Slack, actions, button, plain, section, until
from tools.contracts.common import JsonObject

MARKUP = (
    "<img src=x onerror=window.pwned=1><script>window.pwned=1</script>"
    "<a href='javascript:window.pwned=1'>click</a><svg/onload=window.pwned=1><iframe srcdoc='<script>1</script>'>"
)
LINKS = "<javascript:window.pwned=1|Approve> <data:text/html,x|Approve> <vbscript:x|Approve>"
ESCAPED = "&lt;@U0GRACE001&gt; &lt;https://evil.example|ok&gt; &amp;lt;!channel&amp;gt;"


def everywhere(text: str) -> list[JsonObject]:
    """Blocks with `text` wherever a block may have some."""
    short = text[:140] or "?"
    rich = {"type": "rich_text_section", "elements": [{"type": "text", "text": text or "?"}]}
    return [
        section(text[:2900] or "?", fields=[plain(short), {"type": "mrkdwn", "text": short}]),
        {"type": "header", "text": plain(short)},
        {"type": "markdown", "text": text[:1000] or "?"},
        {"type": "rich_text", "elements": [rich, {**rich, "type": "rich_text_preformatted"}]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": short}, {"type": "rich_text", "elements": [rich]}]]},
        {"type": "context", "elements": [plain(short), {"type": "mrkdwn", "text": short}]},
        {"type": "image", "alt_text": short, "image_url": "https://elsewhere.example/pixel.png", "title": plain(short)},
        {"type": "plan", "title": short, "tasks": [{"task_id": "1", "title": short, "status": "error"}]},
        actions(button("press", text=plain(text[:70] or "?"))),
    ]


async def test_mark_up_in_any_text_is_shown_as_it_was_written(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    root = await slack.say(f"what Ada typed: {MARKUP}")
    await slack.post(thread_ts=root, text=MARKUP, username=MARKUP[:60])
    await slack.post(thread_ts=root, text="blocks", blocks=everywhere(MARKUP))
    await slack.act("alert", channel=OPS, thread_ts=root, username="<b>Alerts</b>", attachments=[
        {"title": MARKUP, "text": MARKUP, "pretext": MARKUP, "footer": MARKUP, "title_link": "javascript:1"}
    ])  # fmt: skip
    stream = await slack.call(
        "chat.startStream", channel=OPS, thread_ts=root, recipient_user_id=ADA, recipient_team_id=TEAM
    )
    task = {"type": "task_update", "id": "1", "title": MARKUP, "status": "complete", "output": MARKUP}
    await slack.call("chat.stopStream", channel=OPS, ts=stream["ts"], chunks=[task])
    async with window(browser, slack.base, place=f"as=ada&channel={OPS}&thread={root}") as page:
        await expect(page.thread.locator(".message")).to_have_count(5)
        shown = await page.thread.inner_text()
        assert shown.count("<script>window.pwned=1</script>") > 10
        assert await page.page.evaluate("window.pwned") is None
        for made in ("img", "iframe", "svg", "script", "a[href^=javascript]", "b"):
            await expect(page.thread.locator(made)).to_have_count(0)


async def test_what_was_escaped_is_no_link_and_no_mention(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    root = await slack.post(text="root")
    await slack.post(thread_ts=root, text=ESCAPED, blocks=[section(ESCAPED), section(LINKS)])
    async with window(browser, slack.base, place=f"as=ada&channel={OPS}&thread={root}") as page:
        message = page.thread.locator(".message").last
        await expect(message).to_contain_text("<@U0GRACE001> <https://evil.example|ok> &lt;!channel&gt;")
        await expect(message).to_contain_text("Approve Approve Approve")
        for made in ("a", ".mention"):
            await expect(message.locator(made)).to_have_count(0)


async def test_no_text_breaks_the_page(browser: Browser, slack: Slack, bot: Bot) -> None:
    del bot
    root = await slack.post(text="root")
    texts = [text.encode("utf-8", "replace").decode() for text in HOSTILE]
    for text in texts:
        blocks = everywhere(text)
        answer = await slack.call("chat.postMessage", channel=OPS, thread_ts=root, text="x", blocks=blocks)
        if answer.get("error") == "msg_too_long":
            answer = await slack.call("chat.postMessage", channel=OPS, thread_ts=root, text="x", blocks=blocks[1:2])
        assert answer["ok"], answer
    async with window(browser, slack.base, place=f"as=ada&channel={OPS}&thread={root}") as page:
        await expect(page.thread.locator(".message")).to_have_count(1 + len(texts))
        await expect(page.thread.get_by_text("could not draw")).to_have_count(0)
        forged = page.thread.get_by_role("button", name="gavel.approve", exact=True)
        await expect(forged).to_have_count(0)
        wide = await page.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, "the page scrolls sideways"


async def test_the_browser_itself_refuses_html_from_text(browser: Browser, slack: Slack) -> None:
    async with window(browser, slack.base) as page:
        with pytest.raises(Error, match="TrustedHTML"):
            await page.page.evaluate("document.body.innerHTML = '<b>x</b>'")
        with pytest.raises(Error, match="TrustedScript"):
            await page.page.evaluate("document.body.setAttribute('onclick', 'window.pwned = 1')")
        await page.page.evaluate("document.body.click(), new Image().src = 'https://elsewhere.example/pixel.png'")
        assert await page.page.evaluate("window.pwned") is None
        await until(lambda: any("elsewhere.example" in problem for problem in page.problems))
        page.problems.clear()
