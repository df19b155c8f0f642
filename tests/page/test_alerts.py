"""A storm of alerts as the on-call engineer sees it, on a phone: all are there, one message tells of them all."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.page.window import PHONE, window
from tests.whole.town import Town

ROLES = ("db", "api", "web", "cache")
ALERTS, FINGERPRINTS = 24, 8


@pytest.mark.timeout(240)
async def test_a_storm_of_alerts_stays_readable_and_is_told_in_one_message(browser: Browser, town: Town) -> None:
    base = town.stack.part("slack").address
    async with window(browser, base, place="as=grace&channel=alerts", size=PHONE, scheme="dark") as page:
        for number in range(ALERTS):
            role = ROLES[number % len(ROLES)]
            instance = f"{role}-{number % FINGERPRINTS}"
            labels = f"environment = production\nrole = {role}\ninstance = {instance}\nseverity = warning"
            text = f"{role} servers in production have drifted\nalertname = GoldenImageDrift\n{labels}"
            title = f"[FIRING:1] GoldenImageDrift ({role} production)"
            await town.stage.alert("alerts", [{"color": "#a30200", "title": title, "text": text}])
        await expect(page.channel.locator(".message").filter(has_text="[FIRING:1]")).to_have_count(ALERTS)
        storm = page.channel.locator(".message").filter(has_text="alerts in one storm")
        await expect(storm).to_have_count(1)
        await expect(storm).to_contain_text(f"{FINGERPRINTS} alerts in one storm")
        await expect(storm).to_contain_text(f"{ALERTS} messages")
        assert await page.page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        await page.channel.get_by_role("button", name=re.compile(r"\d+ repl(y|ies)")).first.click()
        await expect(page.thread.locator(".message").nth(1)).to_be_visible()
        await expect(page.thread.get_by_text("could not draw")).to_have_count(0)
