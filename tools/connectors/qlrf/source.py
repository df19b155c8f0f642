"""What every part of the QL-RF connector shares: whose data it reads, and what its environments are called here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import get_args

from tools.connectors.base import EstateError
from tools.connectors.qlrf.client import QlrfClient
from tools.connectors.qlrf.errors import QlrfError
from tools.contracts.common import Environment

ENVIRONMENTS: tuple[Environment, ...] = get_args(Environment)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class QlrfSource:
    """One token reads one org. Close it when done."""

    client: QlrfClient
    org: str
    """The caller's org that the token belongs to. Any other is refused before anything is asked."""
    remote_org: str | None = None
    """What QL-RF calls that org. None: whatever it calls it, as long as it is one."""
    environments: Mapping[str, Environment] = field(default_factory=dict[str, Environment])
    """QL-RF's id → environment; the empty id is of what has none. None at all: its ids are the names used here."""
    now: Callable[[], datetime] = utc_now

    name = "QL-RF"

    async def close(self) -> None:
        await self.client.close()

    def _require_org(self, org: str) -> None:
        if org != self.org:
            raise EstateError("QL-RF's token here belongs to another org than the caller's. Nothing was asked.")

    def _require_remote(self, remote_org: str | None, asked: str) -> None:
        """Every row that says whose it is must be of one org."""
        if remote_org is None:
            return
        if self.remote_org is None:
            self.remote_org = remote_org
        if remote_org != self.remote_org:
            raise QlrfError("malformed", asked, "its answer holds rows of another org. It was discarded.")

    def _known_environments(self) -> Mapping[str, Environment]:
        return self.environments or {name: name for name in ENVIRONMENTS}

    def _environment(self, env_id: str | None, *, of: str, asked: str) -> Environment:
        """Never guessed: what is not mapped is an error that says what to set."""
        found = self._known_environments().get(env_id or "")
        if found is None:
            said = f"{of} is of environment {env_id!r}, which estate.environments does not map to one known here."
            raise QlrfError("malformed", asked, said)
        return found
