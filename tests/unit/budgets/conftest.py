from __future__ import annotations

from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.orchestrator.conftest import litellm_client, provider

__all__ = ["book", "empty_url", "litellm_client", "provider", "url"]
