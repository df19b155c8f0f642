"""Artifacts: values kept by digest, each with a MAC of its own."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import RowMapping

from bot.ledger.chain import keyed_mac, same
from bot.ledger.statements import Row
from bot.ledger.tables import Artifact


@dataclass(frozen=True)
class StoredArtifact:
    """A row of `artifacts` as it is stored and exported."""

    org: str
    digest: str
    task_id: str
    media_type: str
    body: str
    redacted: str
    created_at: str
    mac: str


COLUMNS = (
    Artifact.org,
    Artifact.digest,
    Artifact.task_id,
    Artifact.media_type,
    Artifact.body,
    Artifact.redacted,
    Artifact.created_at,
    Artifact.mac,
)


def artifact_mac(artifact: StoredArtifact, *, key: bytes) -> str:
    fields = asdict(artifact)
    del fields["mac"]
    return keyed_mac("gavel.ledger.artifact.1", fields, key=key)


def sealed(artifact: StoredArtifact, *, key: bytes) -> StoredArtifact:
    """The same artifact with its MAC."""
    return replace(artifact, mac=artifact_mac(artifact, key=key))


def is_authentic(artifact: StoredArtifact, *, key: bytes) -> bool:
    return same(artifact.mac, artifact_mac(artifact, key=key))


def from_row(row: Row | RowMapping) -> StoredArtifact:
    return StoredArtifact(**as_written(row))


def as_written(row: Row | RowMapping) -> dict[str, Any]:
    """A row with text where text belongs: whoever edits a SQLite row can put bytes there, and that must show."""
    return {str(name): value if isinstance(value, str) or name == "seq" else repr(value) for name, value in row.items()}
