from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.whole.town import unconfigured


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in set(os.environ) - set(unconfigured(os.environ)):
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
