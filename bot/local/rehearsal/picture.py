"""What the tool results in a conversation show, put together: scope, images, drift, simulation."""

from __future__ import annotations

from dataclasses import dataclass

from bot.local.rehearsal.conversation import Conversation, Finding, Json, as_list, as_object


def receipt(finding: Finding, path: str, value: str | float | None) -> Json:
    return {"tool_call_id": finding.call, "path": path, "value": value}


@dataclass(frozen=True)
class Comparison:
    """One result of compare_versions."""

    finding: Finding
    drifted: list[Json]
    compliant: list[str]
    not_comparable: list[str]
    image: Json


@dataclass(frozen=True)
class Picture:
    """Computed from the conversation alone."""

    task: Json
    defaults: Json
    refusals: list[str]
    pages: list[Finding]
    """Results of query_assets."""
    assets: dict[str, Json]
    comparisons: list[Comparison]
    simulations: list[Finding]

    @property
    def fleet(self) -> str:
        """The subject of claims about the whole scope: `production/web`, or `production`."""
        tags = [as_object(tag) for tag in as_list(as_object(self.task.get("context")).get("tags"))]
        role = next((str(tag.get("value")) for tag in tags if tag.get("key") == "role"), "")
        return "/".join(filter(None, [str(self.task.get("environment", "estate")), role]))

    @property
    def main(self) -> Comparison | None:
        """The image family with the most drifted assets; None when nothing was compared."""
        return max(self.comparisons, key=lambda comparison: len(comparison.drifted), default=None)

    def drifted_of(self, comparison: Comparison) -> dict[str, Json]:
        """Asset id → comparison row, over every comparison with the same target image."""
        same = [other for other in self.comparisons if other.image.get("id") == comparison.image.get("id")]
        return {str(row["asset_id"]): row for other in same for row in other.drifted if "asset_id" in row}

    @property
    def drifted_ids(self) -> set[str]:
        return {str(row.get("asset_id")) for comparison in self.comparisons for row in comparison.drifted}

    @property
    def target_versions(self) -> set[str]:
        return {str(comparison.image.get("version")) for comparison in self.comparisons}


def look(conversation: Conversation) -> Picture:
    """Everything the conversation shows."""
    pages = conversation.of("query_assets")
    rows = [as_object(row) for page in pages for row in as_list(page.output.get("assets"))]
    comparisons = [
        Comparison(
            finding=finding,
            drifted=[as_object(row) for row in as_list(finding.output.get("drifted"))],
            compliant=[str(name) for name in as_list(finding.output.get("compliant_asset_ids"))],
            not_comparable=[str(name) for name in as_list(finding.output.get("not_comparable"))],
            image=as_object(finding.output.get("target_image")),
        )
        for finding in conversation.of("compare_versions")
    ]
    return Picture(
        task=conversation.json_block("task"),
        defaults=conversation.json_block("house_defaults"),
        refusals=conversation.texts("refusal"),
        pages=pages,
        assets={str(row["id"]): row for row in rows if "id" in row},
        comparisons=comparisons,
        simulations=conversation.of("simulate_rollout"),
    )
