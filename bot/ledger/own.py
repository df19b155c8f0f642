"""What is read from the ledger is used only where this ledger wrote it."""

from __future__ import annotations

from bot.ledger.chain import Entry, entry_hash, same
from tools.contracts.ledger import LedgerUnavailable


def require_own(entry: Entry, *, key: bytes) -> None:
    """Raises `LedgerUnavailable` when the entry was changed after it was written, or was written without the key."""
    if not same(entry.hash, entry_hash(entry, key=key)):
        raise LedgerUnavailable(
            f"Entry {entry.seq} of the ledger of {entry.org!r} was changed after it was written: it is not used. "
            "Run `gavel ledger verify`."
        )
