"""The browser that the page is tested in: Debian's Chromium, or whichever is there."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import Path

from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
)


def missing() -> str | None:
    """Why the page cannot be tested here, in a sentence; None when it can."""
    if _program() is None:
        return (
            "There is no Chromium, so the page is not tested: `make chromium` installs it where it may (Debian, root)."
        )
    if not Path(str(resources.files("bot.local.slack") / "page" / "dist" / "index.html")).is_file():
        return "The page is not built, so it is not tested: `make page` builds it, and needs an npm registry."
    return None


def _program() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A browser with no windows. Ask :func:`missing` first."""
    # Chromium refuses its own sandbox to root.
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_program(), args=[*FLAGS, *sandbox])
        try:
            yield browser
        finally:
            await browser.close()
