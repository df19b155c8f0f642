"""A workflow that a helper has look elsewhere."""

from __future__ import annotations

from temporalio import workflow

from tests.unit.workflows import lookers


@workflow.defn(name="undetermined", failure_exception_types=[Exception])
class Undetermined:
    @workflow.run
    async def run(self, looks: str) -> str:
        return lookers.BY_NAME[looks]()
