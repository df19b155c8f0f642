"""Where controls, audit results, exemptions and attestations come from."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tools.contracts.common import Environment
from tools.contracts.compliance import Attestation, Control, ControlResult, Exemption


@runtime_checkable
class ControlSource(Protocol):
    """Every method takes the org first, from the caller. Raises `EstateError` when the source cannot answer.

    An org has some hundreds of controls: these are whole lists, in the order of framework and control.
    """

    async def controls(
        self, org: str, *, framework: str | None = None, environment: Environment | None = None
    ) -> list[Control]: ...

    async def control_results(self, org: str, *, framework: str | None = None) -> list[ControlResult]:
        """The last audit's. A control without one has not been audited."""
        ...

    async def exemptions(self, org: str, *, framework: str | None = None) -> list[Exemption]:
        """Expired ones too: what counts is decided by who reads."""
        ...

    async def attestations(self, org: str, *, framework: str | None = None) -> list[Attestation]:
        """Expired ones too."""
        ...
