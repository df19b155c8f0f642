"""A key is saved when its provider took it, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import SecretStr

from agents.orchestrator.keyed import KeyedClient
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.keystore.checking import check_apart, check_request
from bot.keystore.sealing import Place
from bot.keystore.service import KeyRefused, KeyService
from bot.keystore.store import ORG
from bot.ledger.tables import Base
from tests.unit.ledger.book import Book
from tests.unit.orchestrator.parts import request
from tests.unit.orchestrator.provider import KEY, Provider, fails, says

ADAS = Place("T1", "user:U1", "compatible")
TYPED = "zq-7f3e9a1c5b2d8e4f6a0b"
"""Of no known shape: only that it is replaced by name keeps it out of errors."""


async def rows(book: Book) -> list[tuple[str, str, bool, str]]:
    found = await book.sql("SELECT purpose, user_id, success, agent FROM ai_request_logs")
    return [(row.purpose, row.user_id, bool(row.success), row.agent) for row in found]


async def everything(book: Book) -> str:
    """All that SQL holds."""
    async with book.database.reading() as connection:
        found = [list(await connection.execute(table.select())) for table in Base.metadata.sorted_tables]
    return repr(found)


async def test_a_key_its_provider_took_is_saved_and_used(
    service: KeyService, provider: Provider, book: Book, litellm_client: LiteLLMClient
) -> None:
    provider.play("alpha", says("ok"))
    await service.save(ADAS, SecretStr(TYPED), by="U1")
    assert [call.authorization for call in provider.calls] == [f"Bearer {TYPED}"]
    assert await rows(book) == [("check_key", "U1", True, "keys")]
    assert [(entry.kind, entry.actor) for entry in await book.entries("T1")] == [
        ("llm_called", "model:Alpha"),
        ("provider_key_set", "U1"),
    ]
    assert TYPED not in await everything(book)
    for user, paid in (("U1", TYPED), ("U2", KEY)):
        asked = KeyedClient(litellm_client, service.store)
        await asked.chat(provider.member("alpha"), replace(request(), user=user))
        assert provider.calls[-1].authorization == f"Bearer {paid}"


@pytest.mark.parametrize("status", [401, 403, 429, 500, 404])
async def test_a_key_its_provider_did_not_take_is_not_saved_and_not_shown(
    service: KeyService, provider: Provider, book: Book, status: int
) -> None:
    provider.play("alpha", fails(status, message=f"Incorrect API key provided: {TYPED}"))
    with pytest.raises(KeyRefused, match="The key was not taken, so nothing was saved") as refused:
        await service.save(ADAS, SecretStr(TYPED), by="U1")
    assert TYPED not in str(refused.value)
    assert await service.kept("T1") == []
    assert [success for _, _, success, _ in await rows(book)] == [False]
    assert TYPED not in await everything(book)


async def test_a_key_that_is_refused_leaves_the_one_before(service: KeyService, provider: Provider) -> None:
    provider.play("alpha", says("ok"), fails(401))
    await service.save(ADAS, SecretStr("the-first-key"), by="U1")
    with pytest.raises(KeyRefused):
        await service.save(ADAS, SecretStr("the-second-key"), by="U1")
    kept = await service.store.key_of(ADAS)
    assert kept is not None
    assert kept.get_secret_value() == "the-first-key"


@pytest.mark.parametrize("typed", ["", "short", "two words of it", "with\nline", "ключ-ключ-ключ", "x" * 3000])
async def test_what_is_no_key_is_not_even_asked_about(service: KeyService, provider: Provider, typed: str) -> None:
    with pytest.raises(KeyRefused, match="does not look like a key"):
        await service.save(ADAS, SecretStr(typed), by="U1")
    assert provider.calls == []


async def test_a_provider_no_model_here_belongs_to_is_refused(service: KeyService) -> None:
    with pytest.raises(KeyRefused, match=r"No model of Claude is configured here.*nothing was saved"):
        await service.save(Place("T1", ORG, "claude"), SecretStr(TYPED), by="U1")


async def test_validating_asks_with_the_saved_key(service: KeyService, provider: Provider) -> None:
    with pytest.raises(KeyRefused, match="There is no key"):
        await service.validate(ADAS, by="U1")
    provider.play("alpha", says("ok"), says("ok"), fails(401))
    await service.save(ADAS, SecretStr(TYPED), by="U1")
    await service.validate(ADAS, by="U1")
    assert provider.calls[-1].authorization == f"Bearer {TYPED}"
    with pytest.raises(KeyRefused) as refused:
        await service.validate(ADAS, by="U1")
    assert TYPED not in str(refused.value)


async def test_deleting_and_rotating_are_recorded(service: KeyService, provider: Provider, book: Book) -> None:
    provider.play("alpha", says("ok"))
    await service.save(ADAS, SecretStr(TYPED), by="U1")
    await service.rotate(org="T1", by="cli:root")
    await service.delete(ADAS, by="U1")
    with pytest.raises(KeyRefused, match="nothing was deleted"):
        await service.delete(ADAS, by="U1")
    kinds = [entry.kind for entry in await book.entries("T1")]
    assert kinds == ["llm_called", "provider_key_set", "provider_keys_rotated", "provider_key_deleted"]


async def test_a_check_in_a_process_of_its_own_says_the_same(provider: Provider) -> None:
    member, asked = provider.member("alpha"), check_request(ADAS, by="U1")
    provider.play("alpha", says("ok"), fails(401, message=f"Incorrect API key provided: {TYPED}"))
    taken = await check_apart(member, SecretStr(TYPED), asked)
    assert (taken.accepted, provider.calls[-1].authorization) == (True, f"Bearer {TYPED}")
    assert taken.record is not None
    assert (taken.record.prompt_tokens, taken.record.request.key) == (11, asked.key)
    refused = await check_apart(member, SecretStr(TYPED), asked)
    assert (refused.accepted, refused.record is not None) == (False, True)
    assert TYPED not in repr(refused)
    assert "refused the key" in refused.why
