from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from agents.orchestrator.litellm_client import LiteLLMClient
from bot.keys import Keys
from bot.keystore.checking import check_with
from bot.keystore.ring import RING_FILE, RingSource
from bot.keystore.sealing import MasterKey
from bot.keystore.service import KeyService
from bot.keystore.store import KeyStore
from tests.unit.ledger.book import Book
from tests.unit.ledger.conftest import book, empty_url, url
from tests.unit.orchestrator.conftest import litellm_client, provider
from tests.unit.orchestrator.provider import Provider
from tests.unit.usage.calls import NOW

__all__ = ["book", "empty_url", "litellm_client", "provider", "url"]


@pytest.fixture
def ring(tmp_path: Path) -> RingSource:
    """Of an installation that makes its own master keys."""
    return RingSource((), tmp_path / RING_FILE, MasterKey(Keys(b"m" * 32).derive("keystore")))


@pytest.fixture
def store(book: Book, ring: RingSource) -> KeyStore:
    return KeyStore(book.database, ring, now=lambda: NOW)


@pytest.fixture
def service(store: KeyStore, book: Book, provider: Provider, litellm_client: LiteLLMClient) -> KeyService:
    """With one model of a `compatible` provider; keys are checked in this process."""
    return KeyService(store, book.ledger, [provider.member("alpha")], partial(check_with, litellm_client))
