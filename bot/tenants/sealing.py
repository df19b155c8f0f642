"""The tokens of an installation, sealed under the same master keys as people's provider keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr, TypeAdapter, ValidationError
from sqlalchemy import Connection, select, update

from bot.keystore.sealing import KeyUnreadable, MasterKey, Place, Ring, Sealed, seal, unseal
from bot.ledger.tables import SlackInstallation

OWNER, KIND = "slack", "bot"
"""Where they are kept, for the seal: no owner or provider of a key is called so."""


@dataclass(frozen=True)
class BotTokens:
    access: str = field(repr=False)
    refresh: str | None = field(default=None, repr=False)
    """None: the app's tokens do not rotate."""


_TOKENS = TypeAdapter(BotTokens)


def seal_tokens(tokens: BotTokens, org: str, master: MasterKey) -> Sealed:
    """Bound to the tenant: moved to another's row they do not open."""
    return seal(SecretStr(_TOKENS.dump_json(tokens).decode()), _place(org), master)


def unseal_tokens(sealed: Sealed, org: str, ring: Ring) -> BotTokens:
    """Raises `KeyUnreadable`."""
    try:
        return _TOKENS.validate_json(unseal(sealed, _place(org), ring).get_secret_value())
    except ValidationError:
        raise KeyUnreadable("what is kept are no tokens") from None


@dataclass(frozen=True)
class Resealed:
    done: int
    unreadable: list[Place]
    left: frozenset[str]
    """Ids of master keys that those are still sealed under."""


def reseal_tokens(connection: Connection, ring: Ring) -> Resealed:
    """Seal the tokens of every installation anew under the current master key; for a rotation of master keys."""
    row = SlackInstallation
    done, unreadable, left = 0, list[Place](), set[str]()
    for one in connection.execute(select(row.org, row.master_id, row.nonce, row.sealed)).all():
        before = Sealed(one.master_id, one.nonce, one.sealed)
        try:
            tokens = unseal_tokens(before, one.org, ring)
        except KeyUnreadable:
            unreadable.append(_place(one.org))
            left.add(before.master_id)
            continue
        if before.master_id == ring.current.id:
            continue
        sealed = seal_tokens(tokens, one.org, ring.current)
        connection.execute(update(row).where(row.org == one.org).values(vars(sealed)))
        done += 1
    return Resealed(done, unreadable, frozenset(left))


def _place(org: str) -> Place:
    return Place(org, OWNER, KIND)
