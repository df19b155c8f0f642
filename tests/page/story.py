"""The main job as people play it on the page. The tests play it, and `make screenshots` does."""

from __future__ import annotations

from playwright.async_api import expect

from tests.page.window import Window

REQUEST = "@gavel production web servers have drifted from the golden image, fix it"


async def ask(window: Window, request: str = REQUEST) -> None:
    """Ada asks in #ops, and opens the thread as soon as there is one."""
    await window.say(request)
    await window.open_thread(request.partition(" ")[2])
    await expect(window.said("Working on it")).to_be_visible()


async def decide(window: Window, button: str) -> None:
    """Press a button of the plan card, and confirm it where it asks."""
    await window.said("Approve?").get_by_role("button", name=button).click()
    await window.modal.get_by_role("button", name=button).click()
    await expect(window.modal).to_have_count(0)
