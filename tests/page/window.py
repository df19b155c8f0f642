"""A window of the workspace's page, and what a person does in it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, expect

PATIENCE_MS = 60_000
"""For anything to show. Two cores may be busy with other tests."""

DESK, PHONE = (1280, 860), (390, 780)


@dataclass(frozen=True)
class Window:
    page: Page
    problems: list[str] = field(default_factory=list[str])
    """What the browser complained about."""

    @property
    def channel(self) -> Locator:
        return self.page.get_by_role("main")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def modal(self) -> Locator:
        return self.page.get_by_role("dialog")

    def said(self, text: str, *, within: Locator | None = None) -> Locator:
        """The newest message that holds `text`."""
        return (within or self.thread).locator(".message").filter(has_text=text).last

    async def say(self, text: str) -> None:
        """Type into the channel, and press Enter."""
        field = self.channel.get_by_role("textbox")
        await field.fill(text)
        await field.press("Enter")
        await expect(field).to_have_value("")

    async def reply(self, text: str) -> None:
        field = self.thread.get_by_label("Reply", exact=True)
        await field.fill(text)
        await field.press("Enter")

    async def open_thread(self, text: str) -> None:
        """Of the newest message in the channel that holds `text`."""
        message = self.said(text, within=self.channel)
        await message.get_by_role("button", name="replies").or_(message.get_by_role("button", name="1 reply")).click()
        await expect(self.thread).to_be_visible()

    async def become(self, name: str) -> None:
        """Look as somebody else: `Grace Hopper (Approver, SRE)`, or how that begins."""
        viewer = self.page.get_by_label("Viewing as")
        options = await viewer.locator("option").all_inner_texts()
        await viewer.select_option(label=next(option for option in options if option.startswith(name)))

    async def go(self, channel: str) -> None:
        """By the list on the left, which a phone shows when it is asked to."""
        menu = self.page.get_by_role("button", name="Channels")
        if await menu.is_visible():
            await menu.click()
        await self.page.get_by_role("navigation").get_by_role("button", name=channel).click()

    async def snap(self, path: str) -> None:
        await self.page.screenshot(path=path)


@asynccontextmanager
async def window(
    browser: Browser,
    base: str,
    *,
    place: str = "as=ada&channel=ops",
    size: tuple[int, int] = DESK,
    scheme: Literal["light", "dark"] = "light",
) -> AsyncGenerator[Window]:
    """A window at `place`. Fails at the end if the browser complained about anything."""
    phone = size == PHONE
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, has_touch=phone, is_mobile=phone
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Window(await context.new_page())

    def wrote(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            opened.problems.append(message.text)

    def failed(error: Error) -> None:
        opened.problems.append(str(error))

    opened.page.on("console", wrote)
    opened.page.on("pageerror", failed)
    try:
        await opened.page.goto(f"{base}/#{place}")
        await expect(opened.page.get_by_role("status").first).to_be_visible()
        yield opened
        assert opened.problems == []
    finally:
        await context.close()


expect.set_options(timeout=PATIENCE_MS)
