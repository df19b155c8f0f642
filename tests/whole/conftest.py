from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.whole.square import Square
from tests.whole.town import open_town, unconfigured


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _forget_configuration(monkeypatch)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
async def square(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Square]:
    """One town with a bot and a worker, for every test that leaves it as it was."""
    async with AsyncExitStack() as exits:
        with pytest.MonkeyPatch.context() as patch:
            _forget_configuration(patch)
            town = await exits.enter_async_context(open_town(tmp_path_factory.mktemp("town")))
        served = await town.serve("both")
        yield Square(town, served)


def _forget_configuration(patch: pytest.MonkeyPatch) -> None:
    for name in set(os.environ) - set(unconfigured(os.environ)):
        patch.delenv(name)
