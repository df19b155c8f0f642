"""Verifies a chain against its key and its anchor, in memory that does not grow with its length."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ledger import reader
from bot.ledger.anchor import Anchor, AnchorTampered, AnchorUnavailable
from bot.ledger.artifacts import is_authentic
from bot.ledger.bodies import references
from bot.ledger.chain import ChainWalk, Fault
from bot.ledger.database import Database
from tools.contracts.ledger import LedgerUnavailable


@dataclass(frozen=True)
class Verification:
    """What a walk over an org's chain found."""

    org: str
    ok: bool
    entries: int
    """Good entries before the first fault; all of them when `ok`."""
    artifacts: int
    """Artifacts checked."""
    first_bad_seq: int | None
    problem: str | None
    """One sentence; None exactly when `ok`."""
    anchored_seq: int | None
    """How far the anchor vouches for the chain. None: there is no anchor that can be trusted."""

    @property
    def lag(self) -> int:
        """Entries after the anchor: committed by a process that died, or is just about to anchor them. Not a fault."""
        return max(0, self.entries - self.anchored_seq) if self.ok and self.anchored_seq is not None else 0


async def verify_chain(database: Database, anchor: Anchor, org: str, *, key: bytes) -> Verification:
    """Raises `LedgerUnavailable` when the database or the anchor cannot be read: that is not a verdict."""
    try:
        # Before the entries: whatever the anchor holds now is committed already.
        head = await anchor.read(org)
        # An org's very first entries may have arrived since; then the anchor did too.
        if head is None and await reader.entries(database, org, limit=1):
            head = await anchor.read(org)
    except AnchorTampered as error:
        return Verification(org, False, 0, 0, None, str(error), None)
    except AnchorUnavailable as error:
        raise LedgerUnavailable(f"{error} The ledger was not verified.") from error
    walk = ChainWalk(org, key=key, anchor=head)
    fault = await walk_entries(database, org, walk)
    if fault is None and head is None and walk.head.seq > 0:
        fault = Fault(1, f"The ledger has {walk.head.seq} entries, but its anchor is gone: a cut tail would not show.")
    artifacts = 0
    problem = None if fault is None else fault.problem
    if fault is None:
        artifacts, problem = await check_artifacts(database, org, key=key)
    return Verification(
        org=org,
        ok=problem is None,
        entries=walk.head.seq,
        artifacts=artifacts,
        first_bad_seq=None if fault is None else fault.seq,
        problem=problem,
        anchored_seq=None if head is None else head.seq,
    )


async def walk_entries(database: Database, org: str, walk: ChainWalk) -> Fault | None:
    """What is wrong with the chain; None: nothing, and `walk.head` is its end. Raises `LedgerUnavailable`."""
    fault = walk.start()
    if fault is not None:
        return fault
    async for page in reader.chain_pages(database, org):
        cited: dict[str, int] = {}
        for entry in page:
            fault = walk.step(entry)
            if fault is not None:
                return fault
            for digest in references(entry.body):
                cited.setdefault(digest, entry.seq)
        for digest in await reader.missing_artifacts(database, org, cited):
            return Fault(cited[digest], f"Entry {cited[digest]} cites {digest}, which is gone.")
    return walk.end()


async def check_artifacts(database: Database, org: str, *, key: bytes) -> tuple[int, str | None]:
    """How many are as they were kept, and what is wrong with the next one."""
    checked = 0
    async for page in reader.artifact_pages(database, org):
        for artifact in page:
            if not is_authentic(artifact, key=key):
                return checked, f"Artifact {artifact.digest} was changed after it was kept."
            checked += 1
    return checked, None
