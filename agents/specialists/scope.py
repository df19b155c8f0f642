"""Which assets a task may change: those that a tool returned in this investigation and that the task names."""

from __future__ import annotations

from dataclasses import dataclass

from agents.specialists.evidence import EvidenceBook
from tools.contracts.members.rollout import DriftProposal
from tools.contracts.taskspec import TaskSpec
from tools.drift.models import (
    AssetRow,
    CompareVersionsOutput,
    GetGoldenImageOutput,
    QueryAssetsInput,
    QueryAssetsOutput,
)


def task_covers(spec: TaskSpec, row: AssetRow) -> bool:
    """Whether an asset is in the task's environment and in every narrowing that the task states."""
    context = spec.context
    return (
        row.environment == spec.environment
        and (not context.platforms or row.platform in context.platforms)
        and (not context.regions or row.region in context.regions)
        and (not context.sites or row.site in context.sites)
        and (not context.asset_ids or bool({row.id, row.name} & set(context.asset_ids)))
        and all(row.tags.get(tag.key) == tag.value for tag in context.tags)
    )


@dataclass(frozen=True)
class Scope:
    """Read from the evidence, after the investigation."""

    rows: dict[str, AssetRow]
    """Asset id → its row: returned by query_assets and covered by the task."""
    drifted: frozenset[str]
    """Of `rows`: what compare_versions listed as drifted."""
    compliant: frozenset[str]
    image_ids: frozenset[str]
    """Golden images that get_golden_image returned."""
    complete: bool
    """Whether some query_assets without a narrowing of its own was followed to its last page."""

    @property
    def unexamined(self) -> list[str]:
        """Running assets of the task that no comparison vouches for."""
        running = {name for name, row in self.rows.items() if row.state == "running"}
        return sorted(running - self.drifted - self.compliant)

    @property
    def healthy(self) -> bool:
        """True only if every running asset of the task was compared and is on its golden image.

        No data is never healthy: something must have been compared, and nothing may have been left unread.
        """
        return self.complete and bool(self.compliant) and not self.drifted and not self.unexamined

    def admit(self, proposal: DriftProposal) -> tuple[DriftProposal | None, list[str]]:
        """The proposal without assets the evidence does not hold, and a sentence for each thing left out.

        None: nothing remains, or its image is not a golden image that a tool returned.
        """
        if proposal.target_image_id not in self.image_ids:
            return None, [f"proposed image {proposal.target_image_id[:128]!r}, which get_golden_image never returned"]
        admitted = sorted(set(proposal.asset_ids) & self.drifted)
        strangers = sorted(set(proposal.asset_ids) - self.drifted)
        shown = ", ".join(name[:64] for name in strangers[:5]) + (" and others" if len(strangers) > 5 else "")
        notes = (
            [f"named assets that no tool listed as drifted for this task ({shown}); they were left out"]
            if strangers
            else []
        )
        return (proposal.model_copy(update={"asset_ids": admitted}) if admitted else None), notes


def scope_of(spec: TaskSpec, book: EvidenceBook) -> Scope:
    """What the evidence shows of the task's part of the estate."""
    pages = list(book.outputs("query_assets", QueryAssetsOutput))
    rows = {row.id: row for page in pages for row in page.assets if task_covers(spec, row)}
    comparisons = list(book.outputs("compare_versions", CompareVersionsOutput))
    golden = {output.image.id for output in book.outputs("get_golden_image", GetGoldenImageOutput)}
    # A comparison with any other image says nothing about drift from the golden one.
    judged = [comparison for comparison in comparisons if comparison.target_image.id in golden]
    drifted = {row.asset_id for comparison in judged for row in comparison.drifted}
    compliant = {asset_id for comparison in judged for asset_id in comparison.compliant_asset_ids}
    return Scope(
        rows=rows,
        drifted=frozenset(drifted & set(rows)),
        compliant=frozenset(compliant & set(rows)),
        image_ids=frozenset(golden),
        complete=_read_to_the_end(spec, book),
    )


def _read_to_the_end(spec: TaskSpec, book: EvidenceBook) -> bool:
    """Whether a query at least as wide as the task was paged until there was no next page."""
    wide = [
        result
        for result in book.succeeded
        if result.call.tool == "query_assets" and _as_wide_as(spec, QueryAssetsInput.model_validate(result.call.params))
    ]
    outputs = [QueryAssetsOutput.model_validate(result.output) for result in wide]
    cursors = {result.call.params.get("cursor") for result in wide}
    return bool(outputs) and all(output.next_cursor is None or output.next_cursor in cursors for output in outputs)


def _as_wide_as(spec: TaskSpec, query: QueryAssetsInput) -> bool:
    context = spec.context
    return (
        query.environment in (None, spec.environment)
        and query.image_family is None
        and query.state in (None, "running")
        and (not query.platforms or set(query.platforms) >= set(context.platforms) != set())
        and (not query.regions or set(query.regions) >= set(context.regions) != set())
        and (not query.sites or set(query.sites) >= set(context.sites) != set())
        and (not query.asset_ids or set(query.asset_ids) >= set(context.asset_ids) != set())
        and {(tag.key, tag.value) for tag in query.tags} <= {(tag.key, tag.value) for tag in context.tags}
    )
