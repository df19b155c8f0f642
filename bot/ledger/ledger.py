"""The ledger: what every layer records through, and what people ask it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from bot.clock import utc_now
from bot.ledger import changes, reader
from bot.ledger.anchor import Anchor
from bot.ledger.artifacts import StoredArtifact, sealed
from bot.ledger.bodies import UnwritableBody, is_large, prepare, prepare_artifact
from bot.ledger.chain import Draft, Entry, require_key
from bot.ledger.database import Database
from bot.ledger.export import export_lines
from bot.ledger.freezes import Freeze, standing
from bot.ledger.group_commit import GroupCommit
from bot.ledger.own import require_own
from bot.ledger.results import tool_results, whole_body, whole_entries
from bot.ledger.verify import Verification, verify_chain
from bot.ledger.writer import ChainWriter, Write
from tools.contracts.common import Environment, JsonObject
from tools.contracts.ledger import LedgerKind, LedgerUnavailable

Prepared = TypeVar("Prepared")
_FEW = 4
"""Entries among which the last change mostly is."""
MAX_NAME_CHARS = 512
"""Of an org, a task id, an actor, a key."""


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC, always with microseconds, so that text order is time order."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


@dataclass(frozen=True)
class KeptArtifact:
    """An artifact as it is handed out, its MAC checked."""

    digest: str
    task_id: str
    media_type: str
    value: Any
    """The JSON value, redacted."""
    redacted: list[str]
    """Kinds of secrets taken out. Empty: `value` has the digest."""


class Ledger:
    """One per process, over one database and one anchor. `close` it before the database.

    Implements `tools.contracts.ledger.Recorder`.
    """

    @property
    def database(self) -> Database:
        """Where it is kept, and other tables beside it."""
        return self._database

    def __init__(
        self,
        database: Database,
        anchor: Anchor,
        *,
        key: bytes,
        now: Callable[[], datetime] = utc_now,
        max_batch: int = 200,
        committed: Callable[[LedgerKind, JsonObject], None] | None = None,
    ) -> None:
        """`key` holds the chain; at least 16 bytes. Raises `ValueError` when it is shorter.

        `committed` is told of each new entry once it is in SQL to stay, with its body as it was given: before the
        anchor, in a thread. It must be quick and not raise.
        """
        self._database = database
        self._anchor = anchor
        self._key = require_key(key)
        self._now = now
        self._committed = committed
        self._unsettled: dict[tuple[str, str], list[asyncio.Future[None]]] = {}
        """Accepted and perhaps not written yet, by org and task."""
        self._commits: GroupCommit[Write] = GroupCommit(
            ChainWriter(database, anchor, key=self._key).write, max_batch=max_batch
        )

    async def record(
        self,
        kind: LedgerKind,
        body: JsonObject,
        *,
        org: str,
        task_id: str,
        actor: str,
        key: str,
    ) -> None:
        """Append one entry; see `Recorder.record`. On return it is committed and anchored.

        Values too large for an entry become artifacts of the same transaction, and the body says which.
        """
        await self.append(kind, body, org=org, task_id=task_id, actor=actor, key=key, request=None)

    async def append(
        self,
        kind: LedgerKind,
        body: JsonObject,
        *,
        org: str,
        task_id: str,
        actor: str,
        key: str,
        request: Mapping[str, Any] | None,
    ) -> None:
        """`record`, with a row of `ai_request_logs` that is written exactly when the entry is."""
        write = await self._write(kind, body, org=org, task_id=task_id, actor=actor, key=key, request=request)
        written = self._commits.enqueue(org, write)
        await self.settled(org, task_id)
        await written

    async def append_soon(
        self,
        kind: LedgerKind,
        body: JsonObject,
        *,
        org: str,
        task_id: str,
        actor: str,
        key: str,
        request: Mapping[str, Any] | None,
    ) -> None:
        """`append`, without waiting for the disk: it is there a tenth of a second later, or with what the task records
        next. The task's next `append`, and `settled`, wait for this one too, and raise `LedgerUnavailable` when it was
        not written.

        For what leads to no change outside before the task records something else: one commit then holds both. While
        the ledger is away nothing is taken on trust: this waits as `append` does.
        """
        if self._commits.fails(org):
            await self.append(kind, body, org=org, task_id=task_id, actor=actor, key=key, request=request)
            return
        write = await self._write(kind, body, org=org, task_id=task_id, actor=actor, key=key, request=request)
        self._unsettled.setdefault((org, task_id), []).append(self._commits.enqueue(org, write, later=True))

    async def settled(self, org: str, task_id: str) -> None:
        """Returns when everything that was accepted of the task is durable. Raises `LedgerUnavailable`."""
        accepted = self._unsettled.pop((org, task_id), [])
        if not accepted:
            return
        self._commits.wake(org)
        # Each is looked at, so that none fails unseen.
        for outcome in await asyncio.gather(*accepted, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _write(
        self,
        kind: LedgerKind,
        body: JsonObject,
        *,
        org: str,
        task_id: str,
        actor: str,
        key: str,
        request: Mapping[str, Any] | None,
    ) -> Write:
        _require_names(org=org, task_id=task_id, actor=actor, key=key)
        at = timestamp(self._now())
        try:
            prepared = await _prepared(prepare, body)
        except UnwritableBody as error:
            raise LedgerUnavailable(f"The body of {kind!r} cannot be recorded: {error}. Nothing was.") from error
        artifacts = tuple(
            self._artifact(org, task_id, moved.digest, body=moved.body, redacted=[], at=at) for moved in prepared.moved
        )
        draft = Draft(task_id=task_id, kind=kind, actor=actor, at=at, key=key, body=prepared.body)
        committed = None if self._committed is None else partial(self._committed, kind, body)
        return Write(draft, artifacts, request, committed)

    async def put_artifact(self, org: str, task_id: str, *, digest: str, body: BaseModel | JsonObject) -> None:
        """Keep a value under its digest (`digest_of`); a second time changes nothing.

        It is redacted like a body. An entry that cites the digest binds the value to the chain. Raises
        `LedgerUnavailable`, also for a digest that is not the body's.
        """
        _require_names(org=org, task_id=task_id, digest=digest)
        plain: Any = body.model_dump(mode="json") if isinstance(body, BaseModel) else body
        try:
            prepared = await _prepared(prepare_artifact, plain)
        except UnwritableBody as error:
            raise LedgerUnavailable(f"The artifact {digest} cannot be kept: {error}. It was not.") from error
        if prepared.digest != digest:
            raise LedgerUnavailable(f"The artifact given as {digest} has another digest. It was not kept.")
        artifact = self._artifact(
            org, task_id, digest, body=prepared.body, redacted=prepared.redacted, at=timestamp(self._now())
        )
        await self._commits.submit(org, Write(None, (artifact,)))

    async def get_artifact(self, org: str, digest: str) -> KeptArtifact | None:
        """The value kept under a digest, or None. Raises `LedgerUnavailable`, also when it was edited."""
        stored = await reader.artifact(self._database, org, digest, key=self._key)
        if stored is None:
            return None
        return KeptArtifact(
            digest=stored.digest,
            task_id=stored.task_id,
            media_type=stored.media_type,
            value=json.loads(stored.body),
            redacted=[kind for kind in stored.redacted.split(",") if kind],
        )

    async def show(
        self,
        org: str,
        *,
        task_id: str | None = None,
        kind: LedgerKind | None = None,
        after_seq: int = 0,
        limit: int = 200,
    ) -> list[Entry]:
        """Entries in order, at most `limit` (1 to 1,000) after `after_seq`. Raises `LedgerUnavailable`."""
        _require_names(org=org)
        return await reader.entries(
            self._database, org, task_id=task_id, kind=kind, after_seq=after_seq, limit=max(1, min(limit, 1000))
        )

    async def whole(
        self, org: str, task_id: str, kinds: Collection[str] | None = None
    ) -> list[tuple[Entry, JsonObject]]:
        """All of a task's entries, or those of these kinds, in order, each with its body whole.

        Raises `LedgerUnavailable`, also when one was not written by this ledger.
        """
        _require_names(org=org, task_id=task_id)
        return await whole_entries(self._database, org, task_id, kinds, key=self._key, fetch=partial(self._fetch, org))

    async def known(self, org: str, task_id: str, keys: Collection[str]) -> frozenset[str]:
        """Which of these keys the task has an entry for.

        Raises `LedgerUnavailable`, also when such an entry was not written by this ledger: nothing rests on it.
        """
        _require_names(org=org, task_id=task_id)
        found = await reader.entries_by_key(self._database, org, task_id, keys)
        for entry in found:
            require_own(entry, key=self._key)
        return frozenset(entry.key for entry in found)

    async def tool_results(self, org: str, task_id: str, call_ids: Collection[str]) -> dict[str, JsonObject]:
        """Call id → output, of those of the task's calls that succeeded. Raises `LedgerUnavailable`."""
        _require_names(org=org, task_id=task_id)

        return await tool_results(
            self._database, org, task_id, call_ids, key=self._key, fetch=partial(self._fetch, org)
        )

    async def newest(
        self, org: str, task_id: str, keys: Collection[str], *, within: timedelta | None = None
    ) -> JsonObject | None:
        """The body, its artifacts put back, of the last of the task's entries with these keys; None: there is none, or
        it is older than `within`. Raises `LedgerUnavailable`, also when it was edited.
        """
        _require_names(org=org, task_id=task_id)
        found = await reader.entries_by_key(self._database, org, task_id, keys)
        if not found or (within is not None and found[-1].at < timestamp(self._now() - within)):
            return None
        require_own(found[-1], key=self._key)
        return await whole_body(found[-1], partial(self._fetch, org))

    async def _fetch(self, org: str, digest: str) -> object:
        kept = await self.get_artifact(org, digest)
        if kept is None:
            raise LedgerUnavailable(f"The artifact {digest} of {org} is not kept: it cannot be read.")
        return kept.value

    async def lately(self, org: str, kinds: Collection[LedgerKind], *, limit: int) -> list[Entry]:
        """Entries of these kinds, the newest first. Raises `LedgerUnavailable`, also when one was edited."""
        _require_names(org=org)
        found = await reader.latest(
            self._database, org, kinds=kinds, besides_task="", before_seq=None, limit=max(1, min(limit, 1000))
        )
        for entry in found:
            require_own(entry, key=self._key)
        return found

    async def last_change(self, org: str, environment: Environment, *, besides: str) -> datetime | None:
        """When a task other than `besides` last changed something in the environment, or began to; None: never.

        Implements `policies.autonomy.ChangeHistory`. Raises `LedgerUnavailable`, also when the entry was edited.
        """
        _require_names(org=org)
        before, limit = None, _FEW
        while page := await reader.latest(
            self._database, org, kinds=changes.KINDS, besides_task=besides, before_seq=before, limit=limit
        ):
            for entry in page:
                require_own(entry, key=self._key)
                moment = changes.changed_at(entry, environment)
                if moment is not None:
                    return moment
            before, limit = page[-1].seq, reader.PAGE
        return None

    async def declared_freezes(self, org: str, *, now: datetime) -> list[Freeze]:
        """What people declared frozen, has not ended and was not thawed, the newest first. Raises `LedgerUnavailable`,
        also when an entry about one was edited.
        """
        _require_names(org=org)
        found = await reader.freezes(self._database, org)
        for entry in found:
            require_own(entry, key=self._key)
        return standing(found, now=now)

    async def freezes(self, org: str, *, now: datetime) -> list[JsonObject]:
        """:meth:`declared_freezes` for the policies. Implements `policies.autonomy.ChangeHistory`."""
        return [freeze.as_entry(org) for freeze in await self.declared_freezes(org, now=now)]

    async def cost(self, org: str, task_id: str, *, purposes: Collection[str] = ()) -> float | None:
        """US dollars that the task's model calls cost so far. None is unknown, which is not zero: a single call of
        unknown cost makes the sum unknown. `purposes`: only of calls for these. Raises `LedgerUnavailable`.
        """
        _require_names(org=org, task_id=task_id)
        whole, of_these = await reader.costs(self._database, org, task_id, purposes=purposes)
        return of_these if purposes else whole

    async def costs(self, org: str, task_id: str, *, purposes: Collection[str]) -> tuple[float | None, float | None]:
        """:meth:`cost`, of all of the task's calls and of those for these purposes, from one look."""
        _require_names(org=org, task_id=task_id)
        return await reader.costs(self._database, org, task_id, purposes=purposes)

    async def verify(self, org: str) -> Verification:
        """Walk the whole chain, artifact by artifact, page by page. Raises `LedgerUnavailable` if it cannot."""
        _require_names(org=org)
        return await verify_chain(self._database, self._anchor, org, key=self._key)

    def export(self, org: str, *, fmt: Literal["jsonl"] = "jsonl") -> AsyncIterator[str]:
        """The org's ledger as lines, which `verify_export` checks offline. Raises `LedgerUnavailable`."""
        _require_names(org=org)
        return export_lines(self._database, self._anchor, org, key=self._key, fmt=fmt, at=timestamp(self._now()))

    async def close(self) -> None:
        """Finish what was accepted and refuse what is new. The database stays open: it is the caller's."""
        await self._commits.close()

    def _artifact(
        self, org: str, task_id: str, digest: str, *, body: str, redacted: list[str], at: str
    ) -> StoredArtifact:
        return sealed(
            StoredArtifact(
                org=org,
                digest=digest,
                task_id=task_id,
                media_type="application/json",
                body=body,
                redacted=",".join(redacted),
                created_at=at,
                mac="",
            ),
            key=self._key,
        )


async def _prepared(prepare_value: Callable[[Any], Prepared], value: Any) -> Prepared:
    """A large value is prepared in a thread: the event loop has Slack to answer meanwhile."""
    if is_large(value):
        return await asyncio.to_thread(prepare_value, value)
    return prepare_value(value)


def _require_names(**names: str) -> None:
    for what, name in names.items():
        if not name or len(name) > MAX_NAME_CHARS or "\x00" in name or not _encodes(name):
            raise LedgerUnavailable(
                f"{what} is {name[:60]!r}; it needs 1 to {MAX_NAME_CHARS} characters of valid text.  "
                "The ledger was not touched."
            )


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
