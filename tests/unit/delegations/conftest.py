from __future__ import annotations

from tests.unit.ledger.conftest import book, empty_url, url

__all__ = ["book", "empty_url", "url"]
