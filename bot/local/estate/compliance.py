"""The sample estate's controls, as the connector protocol of `tools.connectors.compliance`."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Table, select

from bot.local.estate.compliance_tables import attestations, control_results, controls, exemptions
from bot.local.estate.connection import EstateFile
from tools.contracts.common import Contract, Environment
from tools.contracts.compliance import Attestation, Control, ControlResult, Exemption

Model = TypeVar("Model", bound=Contract)


class SampleControls(EstateFile):
    """Implements `ControlSource`."""

    async def controls(
        self, org: str, *, framework: str | None = None, environment: Environment | None = None
    ) -> list[Control]:
        found = await self._rows(controls, Control, org, framework=framework)
        return [control for control in found if environment in (None, control.environment)]

    async def control_results(self, org: str, *, framework: str | None = None) -> list[ControlResult]:
        return await self._rows(control_results, ControlResult, org, framework=framework)

    async def exemptions(self, org: str, *, framework: str | None = None) -> list[Exemption]:
        return await self._rows(exemptions, Exemption, org, framework=framework)

    async def attestations(self, org: str, *, framework: str | None = None) -> list[Attestation]:
        return await self._rows(attestations, Attestation, org, framework=framework)

    async def _rows(self, table: Table, model: type[Model], org: str, *, framework: str | None) -> list[Model]:
        row = table.c
        statement = select(table).where(row.org_id == org).order_by(row.framework, row.control_id)
        if framework is not None:
            statement = statement.where(row.framework == framework)
        async with self._reading() as connection:
            return [model.model_validate(dict(found)) for found in (await connection.execute(statement)).mappings()]
