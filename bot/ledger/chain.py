"""The hash chain as pure functions: what an entry's hash covers, and how a chain is walked.

An entry's hash is HMAC-SHA256 under the ledger's key, so that whoever can write SQL but does not hold the key can
neither add an entry nor re-hash a chain after an edit. A cut tail leaves a shorter chain that is valid in itself;
the anchor (`anchor.py`) is there for that.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace

from tools.contracts.common import JsonObject, canonical_json

MIN_KEY_BYTES = 16


@dataclass(frozen=True)
class Head:
    """Where a chain ends. Seq 0 and the genesis hash: a chain without an entry."""

    seq: int
    hash: str


@dataclass(frozen=True)
class Draft:
    """An entry before it has a place in the chain."""

    task_id: str
    kind: str
    actor: str
    at: str
    key: str
    body: str
    """Canonical JSON text."""


@dataclass(frozen=True)
class Entry:
    """An entry in its place, as it is stored and exported."""

    org: str
    seq: int
    task_id: str
    kind: str
    actor: str
    at: str
    key: str
    body: str
    prev_hash: str
    hash: str


@dataclass(frozen=True)
class Fault:
    """The first place where a chain is not what was written."""

    seq: int
    problem: str
    """One sentence."""


def require_key(key: bytes) -> bytes:
    """The key itself. Raises `ValueError` when it is too short to protect anything."""
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"The ledger's key has {len(key)} bytes; it needs at least {MIN_KEY_BYTES}.")
    return key


def keyed_mac(what: str, fields: JsonObject, *, key: bytes) -> str:
    """HMAC-SHA256 (hex) over canonical JSON. `what` keeps a MAC made for one purpose from passing for another."""
    return hmac.new(key, canonical_json({"what": what, "fields": fields}), hashlib.sha256).hexdigest()


def genesis_hash(org: str, *, key: bytes) -> str:
    """What the first entry of an org has as `prev_hash`."""
    return keyed_mac("gavel.ledger.genesis.1", {"org": org}, key=key)


def genesis(org: str, *, key: bytes) -> Head:
    """The head of a chain without an entry."""
    return Head(0, genesis_hash(org, key=key))


def entry_hash(entry: Entry, *, key: bytes) -> str:
    """The hash an entry must have: over every field but `hash`, the body by its SHA-256."""
    fields = dict(vars(entry))
    del fields["hash"]
    fields["body"] = hashlib.sha256(entry.body.encode()).hexdigest()
    return keyed_mac("gavel.ledger.entry.1", fields, key=key)


def seal(draft: Draft, *, org: str, head: Head, key: bytes) -> Entry:
    """The draft as the entry that follows `head`."""
    unsealed = Entry(
        org=org,
        seq=head.seq + 1,
        task_id=draft.task_id,
        kind=draft.kind,
        actor=draft.actor,
        at=draft.at,
        key=draft.key,
        body=draft.body,
        prev_hash=head.hash,
        hash="",
    )
    return replace(unsealed, hash=entry_hash(unsealed, key=key))


def anchor_mac(org: str, head: Head, *, key: bytes) -> str:
    """The MAC of an anchor: it binds a head to its org."""
    return keyed_mac("gavel.ledger.anchor.1", {"org": org, "seq": head.seq, "hash": head.hash}, key=key)


def same(left: str, right: str) -> bool:
    """Constant-time equality of two hex strings."""
    return hmac.compare_digest(left.encode(), right.encode())


class ChainWalk:
    """Checks a chain entry by entry, in memory that does not grow with its length.

    `anchor` is the head the chain must pass through; None when there is none to compare with.
    """

    def __init__(self, org: str, *, key: bytes, anchor: Head | None) -> None:
        self._org = org
        self._key = key
        self._anchor = anchor
        self.head: Head = genesis(org, key=key)
        """The last good entry."""

    def start(self) -> Fault | None:
        """What is wrong before the first entry: only an anchor at 0 of another key."""
        return self._anchored(self.head)

    def step(self, entry: Entry) -> Fault | None:
        """What is wrong with the next entry; None: it belongs here, and `head` is now this entry."""
        expected = self.head.seq + 1
        if entry.org != self._org:
            return Fault(expected, f"Entry {expected} belongs to another org ({entry.org!r}).")
        if entry.seq != expected:
            return Fault(expected, f"Entry {expected} is missing: after {self.head.seq} comes {entry.seq}.")
        if not same(entry.hash, entry_hash(entry, key=self._key)):
            key_too = ", or this is not the key the ledger was written with" if expected == 1 else ""
            return Fault(expected, f"Entry {expected} was changed, or was written without the ledger's key{key_too}.")
        if not same(entry.prev_hash, self.head.hash):
            return Fault(expected, f"Entry {expected} does not follow entry {self.head.seq}: one of them was replaced.")
        self.head = Head(entry.seq, entry.hash)
        return self._anchored(self.head)

    def end(self) -> Fault | None:
        """What is wrong once no entry is left: the anchor is further on than the chain."""
        if self._anchor is None or self._anchor.seq <= self.head.seq:
            return None
        cut = self._anchor.seq - self.head.seq
        return Fault(
            self.head.seq + 1,
            f"The chain ends at entry {self.head.seq}, but its anchor stands at {self._anchor.seq}: "
            f"the last {cut} {'entry was' if cut == 1 else 'entries were'} cut off.",
        )

    def _anchored(self, head: Head) -> Fault | None:
        if self._anchor is None or self._anchor.seq != head.seq or same(self._anchor.hash, head.hash):
            return None
        return Fault(head.seq, f"Entry {head.seq} is not the one the anchor was set to: the chain was rewritten.")
