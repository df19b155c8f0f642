"""Alerts as the on-call engineer sees them: many at once, the channel stays readable, each answered in its thread."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.page.window import PHONE, window
from tests.whole.town import Town

ROLES = ("db", "api", "web")
ALERTS = 12


@pytest.mark.timeout(240)
async def test_many_alerts_at_once_stay_readable_on_a_phone(browser: Browser, town: Town) -> None:
    base = town.stack.part("slack").address
    async with window(browser, base, place="as=grace&channel=alerts", size=PHONE, scheme="dark") as page:
        for number in range(ALERTS):
            role = ROLES[number % len(ROLES)]
            labels = f"alertname = GoldenImageDrift\nenvironment = production\nrole = {role}\nseverity = warning"
            text = f"{role} servers in production have drifted from the golden image\n{labels}"
            title = f"[FIRING:1] GoldenImageDrift ({role} production {number})"
            await town.stage.alert("alerts", [{"color": "#a30200", "title": title, "text": text}])
        await expect(page.channel.locator(".message").filter(has_text="[FIRING:1]")).to_have_count(ALERTS)
        replies = page.channel.get_by_role("button", name=re.compile(r"\d+ repl(y|ies)")).first
        await expect(replies).to_be_visible(timeout=90_000)
        assert await page.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        await replies.click()
        await expect(page.thread.locator(".message").nth(1)).to_be_visible()
        await expect(page.thread.get_by_text("could not draw")).to_have_count(0)
