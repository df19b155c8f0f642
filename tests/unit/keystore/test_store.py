"""Whose key is used, and that none is anywhere but sealed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from agents.orchestrator.chat import ModelError
from bot.keys import Keys
from bot.keystore.ring import RingSource, ring_source
from bot.keystore.sealing import MasterKey, Place
from bot.keystore.store import FRESH_SECONDS, ORG, KeyStore
from bot.settings import KeystoreSettings, Settings, SettingsError
from tests.unit.ledger.book import Book
from tests.unit.usage.calls import NOW
from tools.contracts.ledger import LedgerUnavailable

ADAS = Place("T1", "user:UADA", "openai")
OURS = Place("T1", ORG, "openai")


def secret(name: str) -> SecretStr:
    return SecretStr(f"sk-proj-{name}-0123456789")


async def used(store: KeyStore, *, user: str = "UADA", org: str = "T1", provider: str = "openai") -> str | None:
    return await store.key_for(org=org, user=user, provider=provider)


async def test_ones_own_then_the_orgs_then_the_systems(store: KeyStore) -> None:
    assert await used(store) is None
    await store.put(OURS, secret("ours"), by="UADMIN")
    assert await used(store) == "sk-proj-ours-0123456789"
    await store.put(ADAS, secret("adas"), by="UADA")
    assert await used(store) == "sk-proj-adas-0123456789"
    assert await used(store, user="UGRACE") == "sk-proj-ours-0123456789"
    assert await store.delete(ADAS)
    assert await used(store) == "sk-proj-ours-0123456789"
    assert not await store.delete(ADAS)


async def test_nobody_elses(store: KeyStore) -> None:
    await store.put(ADAS, secret("adas"), by="UADA")
    assert await used(store, user="UGRACE") is None
    assert await used(store, org="T2") is None
    assert await used(store, provider="claude") is None
    # A person whose id is the word for everybody has nobody's key but their own.
    assert await used(store, user=ORG) is None


async def test_a_key_stands_in_no_table_in_the_clear(store: KeyStore, book: Book) -> None:
    await store.put(ADAS, secret("adas"), by="UADA")
    assert "adas" not in str(await book.sql("SELECT sealed, nonce, master_id FROM provider_keys"))
    [kept] = await store.kept("T1")
    assert (kept.place, kept.set_by, kept.set_at, kept.readable) == (ADAS, "UADA", NOW, True)
    assert await store.kept("T2") == []


async def test_a_row_moved_to_another_person_is_refused_and_nobody_else_pays(store: KeyStore, book: Book) -> None:
    await store.put(OURS, secret("ours"), by="UADMIN")
    await store.put(ADAS, secret("adas"), by="UADA")
    await book.sql("UPDATE provider_keys SET owner = 'user:UMALLORY' WHERE owner = 'user:UADA'")
    with pytest.raises(ModelError, match="Your own key for openai cannot be opened") as caught:
        await used(replace_cache(store), user="UMALLORY")
    assert caught.value.kind == "auth"
    assert "adas" not in str(caught.value)


def replace_cache(store: KeyStore) -> KeyStore:
    """As another process has it."""
    return replace(store)


async def test_a_key_that_another_process_deleted_is_used_for_seconds_at_most(store: KeyStore) -> None:
    now = [100.0]
    here = replace(store, clock=lambda: now[0])
    await store.put(ADAS, secret("adas"), by="UADA")
    assert await used(here) is not None
    await store.delete(ADAS)
    assert await used(here) is not None
    now[0] += FRESH_SECONDS
    assert await used(here) is None


async def test_a_store_that_is_away_uses_no_other_key(store: KeyStore, book: Book) -> None:
    await book.sql("DROP TABLE provider_keys")
    with pytest.raises(LedgerUnavailable, match="The saved keys could not be read"):
        await used(store)


async def test_rotation_seals_everything_anew_and_forgets_the_old_master_key(
    store: KeyStore, ring: RingSource, book: Book
) -> None:
    for place in (ADAS, OURS, replace(ADAS, org="T2")):
        await store.put(place, secret(place.owner.replace(":", "-")), by="UADA")
    before = {row.sealed for row in await book.sql("SELECT sealed FROM provider_keys")}
    first = await store.rotate()
    assert (first.sealed_anew, first.unreadable, first.current) == (3, [], ring.read().current.id)
    rows = await book.sql("SELECT sealed, master_id FROM provider_keys")
    assert {row.master_id for row in rows} == {first.current}
    assert not before & {row.sealed for row in rows}
    assert await used(store) == "sk-proj-user-UADA-0123456789"
    second = await store.rotate()
    assert second.sealed_anew == 3
    assert second.current != first.current
    assert first.current not in {key.id for key in ring.read().keys}
    assert await used(replace_cache(store)) == "sk-proj-user-UADA-0123456789"
    assert ring.file is not None
    assert ring.file.stat().st_mode & 0o777 == 0o600


async def test_a_rotation_killed_half_way_loses_nothing_and_goes_on(store: KeyStore, ring: RingSource) -> None:
    await store.put(ADAS, secret("adas"), by="UADA")
    await store.rotate()
    ring.begin()  # killed before anything was sealed anew
    begun = ring.read().current
    assert await used(replace_cache(store)) == "sk-proj-adas-0123456789"
    done = await store.rotate()
    assert (done.current, done.sealed_anew) == (begun.id, 1)
    # Killed after everything was sealed anew, before the old one was forgotten.
    ring.begin()
    assert ring.file is not None
    kept = ring.file.read_text()
    await store.rotate()
    ring.file.write_text(kept)
    assert await used(replace_cache(store)) == "sk-proj-adas-0123456789"
    assert (await store.rotate()).unreadable == []
    assert len(ring.file.read_text().split()) == 1


async def test_what_is_saved_while_master_keys_change_can_be_read_after(store: KeyStore, ring: RingSource) -> None:
    places = [Place("T1", f"user:U{number}", "openai") for number in range(20)]

    async def save_all() -> None:
        for place in places:
            await replace_cache(store).put(place, secret(place.owner.replace(":", "-")), by="UADA")

    async def rotate_often() -> None:
        for _ in range(5):
            await replace_cache(store).rotate()

    await asyncio.gather(save_all(), rotate_often())
    assert all(kept.readable for kept in await store.kept("T1"))
    assert len(await store.kept("T1")) == 20


async def test_a_process_that_read_before_a_rotation_goes_on_after_it(store: KeyStore) -> None:
    elsewhere = replace_cache(store)
    await store.put(ADAS, secret("adas"), by="UADA")
    assert await used(elsewhere) is not None
    await store.rotate()
    await store.rotate()
    assert await used(elsewhere) == "sk-proj-adas-0123456789"


async def test_what_cannot_be_opened_is_left_and_told(store: KeyStore, ring: RingSource, book: Book) -> None:
    await store.put(ADAS, secret("adas"), by="UADA")
    await store.put(OURS, secret("ours"), by="UADA")
    await book.sql("UPDATE provider_keys SET master_id = 'feedfeedfeedfeed' WHERE owner = 'org'")
    done = await store.rotate()
    assert (done.sealed_anew, done.unreadable, done.left) == (1, [OURS], {"feedfeedfeedfeed"})
    assert len(ring.read().keys) == 3, "the older ones stay: perhaps they are needed"
    assert [kept.readable for kept in await store.kept("T1")] == [False, True]


def configured(book: Book, *keys: str) -> KeyStore:
    masters = tuple(MasterKey(bytes.fromhex(key)) for key in keys)
    ring = RingSource(masters, None, MasterKey(Keys(b"m" * 32).derive("keystore")))
    return KeyStore(book.database, ring, now=lambda: NOW)


async def test_configured_master_keys_rotate_by_a_new_one_put_first(book: Book, store: KeyStore) -> None:
    old, new = "aa" * 32, "bb" * 32
    await store.put(ADAS, secret("adas"), by="UADA")  # before any was configured
    assert (await configured(book, old).rotate()).sealed_anew == 1
    assert await used(configured(book, new, old)) == "sk-proj-adas-0123456789"
    assert (await configured(book, new, old).rotate()).sealed_anew == 1
    assert (await configured(book, new, old).rotate()).sealed_anew == 0
    assert await used(configured(book, new)) == "sk-proj-adas-0123456789"
    with pytest.raises(ModelError):
        await used(configured(book, old))


def test_the_ring_follows_the_settings(tmp_path: Path) -> None:
    keys = Keys(b"m" * 32)
    plain = Settings.embedded(data_dir=tmp_path)
    assert ring_source(plain, keys).makes_keys
    shared = plain.model_copy(update={"temporal": plain.temporal.model_copy(update={"address": "t:7233"})})
    assert not ring_source(shared, keys).makes_keys
    section = KeystoreSettings.model_validate({"master_keys": f"{'aa' * 32},{'bb' * 32}"})
    ring = ring_source(plain.model_copy(update={"keystore": section}), keys)
    assert not ring.makes_keys
    assert [key.material for key in ring.read().keys[:2]] == [b"\xaa" * 32, b"\xbb" * 32]
    assert "aaaa" not in repr(ring)


@pytest.mark.parametrize(("text", "mode"), [("not a key\n", 0o600), ("aa" * 32, 0o644), ("aa" * 8, 0o600)])
def test_a_damaged_or_open_ring_file_is_refused_without_being_shown(ring: RingSource, text: str, mode: int) -> None:
    assert ring.file is not None
    ring.file.write_text(text)
    ring.file.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        ring.read()
    assert text.strip() not in str(caught.value)
