"""What tools returned in a task, as the ledger has it: what receipts are checked against."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Collection

from bot.ledger import reader
from bot.ledger.bodies import REFERENCE
from bot.ledger.chain import Entry
from bot.ledger.database import Database
from bot.ledger.own import require_own
from bot.redaction import is_object
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

Fetch = Callable[[str], Awaitable[object]]
"""Digest → the artifact's value, its MAC checked."""


async def tool_results(
    database: Database, org: str, task_id: str, call_ids: Collection[str], *, key: bytes, fetch: Fetch
) -> dict[str, JsonObject]:
    """Call id → output, of those calls that succeeded. A call that the ledger does not have is not in it.

    Raises `LedgerUnavailable`, also when an entry was changed after it was written.
    """
    wanted, after = frozenset(call_ids), 0
    found: dict[str, JsonObject] = {}
    while page := await reader.entries(database, org, task_id=task_id, kind="tool_called", after_seq=after):
        for entry in page:
            body = await _whole(json.loads(entry.body), fetch)
            if not is_object(body) or body.get("call_id") not in wanted or body.get("outcome") != "ok":
                continue
            require_own(entry, key=key)
            result = await _whole(body.get("result"), fetch)
            if is_object(result):
                found[str(body["call_id"])] = result
        after = page[-1].seq
        if len(page) < reader.PAGE:
            break
    return found


async def whole_entries(
    database: Database, org: str, task_id: str, kinds: Collection[str] | None, *, key: bytes, fetch: Fetch
) -> list[tuple[Entry, JsonObject]]:
    """The task's entries of these kinds, or None: of all, in order, each with its body whole.

    Raises `LedgerUnavailable`, also when an entry was changed after it was written.
    """
    found: list[tuple[Entry, JsonObject]] = []
    after = 0
    while page := await reader.entries(database, org, task_id=task_id, after_seq=after):
        for entry in page:
            if kinds is not None and entry.kind not in kinds:
                continue
            require_own(entry, key=key)
            found.append((entry, await whole_body(entry, fetch)))
        after = page[-1].seq
        if len(page) < reader.PAGE:
            break
    return found


async def whole_body(entry: Entry, fetch: Fetch) -> JsonObject:
    """An entry's body with every artifact that was moved out of it put back. Raises `LedgerUnavailable`."""
    body = await _whole(json.loads(entry.body), fetch)
    if not is_object(body):
        raise LedgerUnavailable(f"The body of entry {entry.seq} is no object: it is not used.")
    return {name: await _whole(value, fetch) for name, value in body.items()}


async def _whole(value: object, fetch: Fetch) -> object:
    """The value, or the artifact that stands for it."""
    if is_object(value) and isinstance(digest := value.get(REFERENCE), str):
        return await fetch(digest)
    return value
