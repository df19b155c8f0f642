from __future__ import annotations

from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.narrator.conftest import running, slack

__all__ = ["book", "empty_url", "running", "slack", "url"]
