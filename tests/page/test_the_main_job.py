"""The main job, seen and clicked in a real browser: nobody here touches anything but the page."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, expect

from tests.page.story import ask, decide
from tests.page.window import window
from tests.whole.town import Town


@pytest.mark.timeout(240)
async def test_a_person_asks_is_refused_as_the_asker_and_another_approves(browser: Browser, town: Town) -> None:
    async with window(browser, town.stack.part("slack").address) as page:
        await ask(page)
        votes = page.thread.locator(".plan").first
        await expect(votes.locator(".task").first).to_be_visible()
        await expect(votes.get_by_text("Amber: voted")).to_be_visible()
        await expect(votes).to_contain_text("Verdict: consensus")
        await expect(votes.locator("summary")).to_contain_text(re.compile(r"\d+ of \d+ done"))

        await decide(page, "Approve")
        refused = page.said("cannot approve it")
        await expect(refused).to_contain_text("Only visible to you")

        await page.become("Grace")
        await expect(page.said("Approve?")).to_be_visible()
        await expect(page.thread.get_by_text("Only visible to you")).to_have_count(0)
        await decide(page, "Approve")
        await expect(page.said("Approve?").get_by_role("button", name="Approve")).to_have_count(0)
        await expect(page.thread.get_by_text(re.compile("^Canary")).last).to_be_visible()
        outcome = page.thread.locator(".message").last
        await expect(outcome).to_contain_text("Done", timeout=120_000)
        await expect(page.channel.get_by_role("button", name="replies")).to_be_visible()


@pytest.mark.timeout(240)
async def test_a_plan_is_edited_in_a_form_and_comes_back_as_a_new_card(browser: Browser, town: Town) -> None:
    async with window(browser, town.stack.part("slack").address) as page:
        await ask(page, "@gavel single: production api servers have drifted, fix it")
        await page.become("Grace")
        await page.said("Approve?").get_by_role("button", name="Edit").click()
        batch = page.modal.get_by_label("Largest batch")
        await batch.fill("200")
        await page.modal.get_by_role("button", name="Make a new revision").click()
        await expect(page.modal.get_by_role("alert")).to_contain_text("Nothing was changed yet")
        await batch.fill("9")
        await page.modal.get_by_role("button", name="Make a new revision").click()
        await expect(page.modal).to_have_count(0)
        await expect(page.said("Replaced by revision 2")).to_be_visible()
        await expect(page.said("Approve?")).to_contain_text("revision 2")

        await decide(page, "Approve")
        await expect(page.said("You changed what this plan does")).to_contain_text("Only visible to you")
        await page.become("Linus")
        await decide(page, "Approve")
        await expect(page.thread.locator(".message").last).to_contain_text("Done", timeout=120_000)
