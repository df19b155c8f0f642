from __future__ import annotations

from tests.unit.narrator.conftest import running, slack

__all__ = ["running", "slack"]
