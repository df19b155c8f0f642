from __future__ import annotations

from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.listeners.conftest import slack, temporal

__all__ = ["book", "empty_url", "slack", "temporal", "url"]
