"""A sealed key opens for its place alone, under its master key alone, as it was written."""

from __future__ import annotations

import base64
import os
from dataclasses import replace

import pytest
from pydantic import SecretStr

from bot.keystore.sealing import KeyUnreadable, MasterKey, Place, Ring, Sealed, seal, unseal

KEY = SecretStr("sk-proj-abcdefghijklmnopqrstuvwxyz0123456789")
PLACE = Place("T1", "user:U1", "openai")
MASTER = MasterKey(b"1" * 32)


def test_what_was_sealed_opens() -> None:
    sealed = seal(KEY, PLACE, MASTER)
    assert unseal(sealed, PLACE, Ring((MasterKey(b"2" * 32), MASTER))) == KEY
    assert KEY.get_secret_value() not in repr((sealed, MASTER, KEY))
    assert b"1111" not in repr(MASTER).encode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        replace(PLACE, org="T2"),
        replace(PLACE, owner="user:U2"),
        replace(PLACE, owner="org"),
        replace(PLACE, provider="x"),
    ],
)
def test_it_does_not_open_in_another_place(elsewhere: Place) -> None:
    with pytest.raises(KeyUnreadable, match="not what was sealed for this place"):
        unseal(seal(KEY, PLACE, MASTER), elsewhere, Ring((MASTER,)))


def test_places_whose_parts_run_together_differ() -> None:
    with pytest.raises(KeyUnreadable):
        unseal(seal(KEY, Place("T1", "org", "a"), MASTER), Place("T1o", "rg", "a"), Ring((MASTER,)))


def test_it_does_not_open_without_its_master_key() -> None:
    with pytest.raises(KeyUnreadable, match="not among those configured here"):
        unseal(seal(KEY, PLACE, MASTER), PLACE, Ring((MasterKey(b"2" * 32),)))


def test_an_edited_row_does_not_open_and_its_error_shows_nothing() -> None:
    sealed = seal(KEY, PLACE, MASTER)
    body = bytearray(base64.b64decode(sealed.sealed))
    body[3] ^= 1
    other = MasterKey(b"2" * 32)
    edits = [
        replace(sealed, sealed=base64.b64encode(body).decode()),
        replace(sealed, sealed=sealed.sealed[:-8]),
        replace(sealed, sealed=""),
        replace(sealed, sealed="*" * 40),
        replace(sealed, nonce=base64.b64encode(os.urandom(12)).decode()),
        replace(sealed, nonce=""),
        replace(sealed, master_id=other.id),
        Sealed(MASTER.id, "ü", "ü"),
    ]
    for edited in edits:
        with pytest.raises(KeyUnreadable) as caught:
            unseal(edited, PLACE, Ring((MASTER, other)))
        assert caught.value.__cause__ is None


def test_the_same_key_sealed_twice_looks_different() -> None:
    first, second = seal(KEY, PLACE, MASTER), seal(KEY, PLACE, MASTER)
    assert (first.nonce, first.sealed) != (second.nonce, second.sealed)
