"""Takes the pictures that the README and docs/ show: `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, expect

from tests.page.chromium import chromium, missing
from tests.page.story import ask, decide
from tests.page.window import PHONE, window
from tests.whole.town import open_town

WIDE = (1360, 1000)
IMAGES = Path(__file__).parents[2] / "docs" / "images"


async def main() -> int:
    """The exit status. Plays the main job once, and looks at it in turn."""
    reason = missing()
    if reason is not None:
        print(f"gavel: {reason}", file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="gavel-screenshots-") as folder:
        async with open_town(Path(folder)) as town, chromium() as browser:
            await town.serve("both")
            base = town.stack.part("slack").address
            async with window(browser, base, size=WIDE) as page:
                await ask(page)
                await expect(page.said("Approve?")).to_be_visible()
                await page.page.wait_for_timeout(500)
                verdict = page.thread.get_by_text("Verdict: consensus")
                await verdict.evaluate("row => row.scrollIntoView({ block: 'start' })")
                await page.snap(str(IMAGES / "council-light.png"))
                place = page.page.url.partition("#")[2].replace("as=ada", "as=grace")
                await _look(browser, base, place, "plan-light.png", scheme="light")
                await _look(browser, base, place, "plan-dark.png", scheme="dark")
                await _look(browser, base, place, "plan-phone-dark.png", scheme="dark", size=PHONE)
                await page.become("Grace")
                await page.go("Gavel")
                await page.page.get_by_role("tab", name="Home").click()
                await expect(page.page.get_by_role("region", name="Home")).to_contain_text("Look and decide")
                await page.snap(str(IMAGES / "home-light.png"))
                await page.page.get_by_role("button", name="Look and decide").click()
                await expect(page.said("Approve?")).to_be_visible()
                await decide(page, "Approve")
                await expect(page.thread.locator(".message").last).to_contain_text("Done", timeout=120_000)
                await page.snap(str(IMAGES / "outcome-light.png"))
    return 0


async def _look(
    browser: Browser,
    base: str,
    place: str,
    name: str,
    *,
    scheme: Literal["light", "dark"],
    size: tuple[int, int] = WIDE,
) -> None:
    """The plan card as Grace finds it: its buttons in sight."""
    async with window(browser, base, place=place, size=size, scheme=scheme) as page:
        await expect(page.said("Approve?").get_by_role("button", name="Approve")).to_be_visible()
        await page.page.wait_for_timeout(500)
        await page.snap(str(IMAGES / name))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
