"""The incident agent, rehearsed: alerts, what came before them, and a cause only where the data single one out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Case, Fact, advice, fact, receipt
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

MAX_ALERTS = 20
"""Alert ids one correlate_events call takes."""

MAX_FAMILIES = 4

HEALTH: list[Json] = [{"kind": "heartbeat"}, {"kind": "http_ok"}, {"kind": "error_rate_below", "threshold": 5}]


@dataclass(frozen=True)
class Looked:
    """One alert as correlate_events explained it."""

    finding: Finding
    path: str
    row: Json

    @property
    def about(self) -> str:
        """Its asset; its own id where it names none."""
        return str(self.row.get("asset_id") or self.row.get("alert_id"))

    @property
    def about_path(self) -> str:
        return f"{self.path}/{'asset_id' if self.row.get('asset_id') else 'alert_id'}"

    @property
    def cause(self) -> str | None:
        found = self.row.get("likely_cause")
        return str(found) if found else None

    def change(self, reference: str) -> tuple[str, Json] | None:
        """Path and row of a change near the alert."""
        for index, change in enumerate(as_list(self.row.get("changes"))):
            if as_object(change).get("reference") == reference:
                return f"{self.path}/changes/{index}", as_object(change)
        return None

    @property
    def decoy(self) -> tuple[str, Json] | None:
        """The change before the onset that touched most, where it is not the cause."""
        before = [
            (f"{self.path}/changes/{index}", as_object(change))
            for index, change in enumerate(as_list(self.row.get("changes")))
            if as_object(change).get("preceded") and as_object(change).get("reference") != self.cause
        ]
        return max(before, key=lambda one: int(one[1].get("changed_assets") or 0), default=None)


@dataclass(frozen=True)
class IncidentCase(Case):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (
            self._scope,
            self._alerts,
            self._correlation,
            self._logs,
            self._changes,
            self._health,
            self._blast,
            self._rows_of_the_ill,
            self._images,
            self._comparison,
            self._cves,
        )

    @property
    def looked(self) -> list[Looked]:
        found = {
            str(row.get("alert_id")): Looked(finding, path, row)
            for finding, path, row in self.rows("correlate_events", "correlations")
        }
        return list(found.values())

    @property
    def ill(self) -> list[str]:
        """Assets with an alert that somebody looked into."""
        return sorted({str(one.row["asset_id"]) for one in self.looked if one.row.get("asset_id")})

    @property
    def unwell(self) -> list[str]:
        """Assets that fail a health check now."""
        return sorted({str(row.get("asset_id")) for _, _, row in self.rows("check_health", "findings")})

    def _scope(self) -> Call | None:
        quiet = self.conversation.of("query_alerts") and not any(True for _ in self.rows("query_alerts", "alerts"))
        # Where no alert says what is ill, everything is looked at: what is well has to be shown, too.
        if not self.narrowing and not quiet:
            return None
        return self.paged("query_assets", {"environment": self.environment, **self.narrowing})

    def _alerts(self) -> Call | None:
        query: Json = {"environment": self.environment, "status": "open", "limit": 200}
        if self.narrowing:
            if not self.asset_ids:
                return None
            query["asset_ids"] = self.asset_ids[:500]
        return self.paged("query_alerts", query)

    def _correlation(self) -> Call | None:
        ids = [str(row["id"]) for _, _, row in self.rows("query_alerts", "alerts") if row.get("asset_id")]
        if ids:
            return self.once("correlate_events", {"environment": self.environment, "alert_ids": ids[:MAX_ALERTS]})
        if not self.conversation.of("query_alerts"):
            return None
        scope: Json = {"asset_ids": self.asset_ids[:500]} if self.asset_ids else {}
        return self.once("correlate_events", {"environment": self.environment, **scope})

    def _logs(self) -> Call | None:
        assets = self.ill or self.asset_ids[:500]
        scope: Json = {"asset_ids": assets} if assets else {}
        levels: Json = {"levels": ["error", "critical"], "limit": 50}
        return self.once("query_logs", {"environment": self.environment, **levels, **scope})

    def _changes(self) -> Call | None:
        if not self.ill:
            return None
        return self.once("get_change_history", {"environment": self.environment, "asset_ids": self.ill, "limit": 50})

    def _health(self) -> Call | None:
        assets = sorted({*self.ill, *self.asset_ids[:500]})
        return self.once("check_health", {"asset_ids": assets, "checks": HEALTH}) if assets else None

    def _blast(self) -> Call | None:
        assets = self.ill or self.unwell
        return self.once("calculate_blast_radius", {"asset_ids": assets}) if assets else None

    def _rows_of_the_ill(self) -> Call | None:
        known = {str(row.get("id")) for _, _, row in self.rows("query_assets", "assets")}
        unknown = [name for name in self.ill if name not in known]
        return ("query_assets", {"asset_ids": unknown}) if unknown else None

    def _images(self) -> Call | None:
        asked = [one.params.get("family") for one in self.conversation.findings if one.tool == "get_golden_image"]
        wanted = [family for family in self._families() if family not in asked][: MAX_FAMILIES - len(asked)]
        return ("get_golden_image", {"family": wanted[0]}) if wanted else None

    def _families(self) -> dict[str, list[str]]:
        """Image family → the ill assets on it."""
        found: dict[str, list[str]] = {}
        for _, _, row in self.rows("query_assets", "assets"):
            if row.get("id") in self.ill and row.get("image_family"):
                found.setdefault(str(row["image_family"]), []).append(str(row["id"]))
        return {family: sorted(set(ids)) for family, ids in sorted(found.items())}

    def _comparison(self) -> Call | None:
        compared = [one.params.get("target_image_id") for one in self.conversation.findings]
        for finding in self.conversation.of("get_golden_image"):
            image = as_object(finding.output.get("image"))
            ids = self._families().get(str(image.get("family")))
            if ids and image.get("id") not in compared:
                return "compare_versions", {"asset_ids": ids, "target_image_id": image.get("id")}
        return None

    def _cves(self) -> Call | None:
        if not self.ill:
            return None
        query: Json = {"environment": self.environment, "status": "open", "minimum_severity": "critical"}
        return self.paged("list_cve_alerts", {**query, "limit": 200}, at_most=2)

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        for one in self.looked:
            if one.cause is not None:
                found.append(fact(one.about, "cause", one.finding, f"{one.path}/likely_cause", one.about_path))
        for one in self.looked:
            found.append(fact(one.about, "onset_at", one.finding, f"{one.path}/onset_at", one.about_path))
            change = one.change(one.cause) if one.cause else None
            if change is not None:
                path = f"{change[0]}/changed_then_ill"
                found.append(fact(one.cause or "", "changed_then_ill", one.finding, path, f"{change[0]}/reference"))
            if one.decoy is not None:
                path, change_row = one.decoy
                reference = str(change_row.get("reference"))
                cited = (f"{path}/reference",)
                found.append(fact(reference, "changed_assets", one.finding, f"{path}/changed_assets", *cited))
        for finding in self.conversation.of("calculate_blast_radius")[-1:]:
            found.append(fact(self.environment, "blast_radius_level", finding, "/level"))
            found.append(fact(self.environment, "reachable_assets", finding, "/reachable_assets"))
        for finding in self.conversation.of("query_alerts")[-1:]:
            found.append(fact(self.environment, "alerts_returned", finding, "/returned"))
        unique = {(one.subject, one.attribute): one for one in found}
        return list(unique.values())

    def guesses(self) -> list[Fact]:
        """Birch takes what came shortly before for the cause; Cedar would look further back. Both are guesses."""
        if self.temperament.sureness < 0.95:
            return [
                Fact(one.about, "lookback_needed_minutes", "240", [receipt(one.finding, one.about_path)], 0.5)
                for one in self.looked[:1]
            ]
        if not self.temperament.accepts_causes:
            return []
        return [
            Fact(
                one.about,
                "cause",
                str(one.decoy[1].get("reference")),
                [receipt(one.finding, f"{one.decoy[0]}/reference"), receipt(one.finding, one.about_path)],
                0.5,
            )
            for one in self.looked
            if one.cause is None and one.decoy is not None
        ][:2]

    def advises(self) -> list[Json]:
        found: list[Json] = []
        for one in self.looked[:4]:
            asset, change = one.row.get("asset_id"), one.change(one.cause) if one.cause else None
            cited = [receipt(one.finding, one.about_path)]
            if change is not None:
                path, row = change
                text = f"Have {one.cause} undone on {one.about}: {row.get('actor')} made it."
                cited += [receipt(one.finding, f"{one.path}/likely_cause"), receipt(one.finding, f"{path}/actor")]
            else:
                text = f"Look at {one.about} by hand: no recorded change is singled out as the cause."
            found.append(advice(text, cited, asset_ids=[str(asset)] if asset else []))
        follow_up = self.hands_over()
        if follow_up is not None:
            reason = follow_up["reason"]
            found.append(
                {"statement": reason, "task_type": follow_up["task_type"], "asset_ids": follow_up["asset_ids"]}
            )
        return found

    def hands_over(self) -> Json | None:
        """Vulnerable first, then drifted: whatever of the failing machines another agent can see to."""
        for finding, path, row in self.rows("list_cve_alerts", "alerts"):
            hit = [(index, str(name)) for index, name in enumerate(as_list(row.get("asset_ids"))) if name in self.ill]
            if hit:
                cited = [receipt(finding, f"{path}/cve_id")]
                cited += [receipt(finding, f"{path}/asset_ids/{index}") for index, _ in hit]
                return _follow_up("patch_rollout", f"Patch {row.get('cve_id')}", [name for _, name in hit], cited)
        for finding, path, row in self.rows("compare_versions", "drifted"):
            if row.get("asset_id") in self.ill:
                cited = [receipt(finding, f"{path}/asset_id")]
                goal = "Bring back to the golden image"
                return _follow_up("drift_remediation", goal, [str(row["asset_id"])], cited)
        return None

    def conclusion(self) -> str:
        if any(one.cause for one in self.looked):
            return "findings"
        quiet = self.conversation.of("query_alerts") and not any(True for _ in self.rows("query_alerts", "alerts"))
        well = self.conversation.of("check_health") and not self.unwell
        silent = self.conversation.of("query_logs") and not any(True for _ in self.rows("query_logs", "lines"))
        return "healthy" if quiet and well and silent and not self.errors() else "inconclusive"

    def diagnosis(self) -> str:
        parts = [
            f"{one.about} fell ill at {one.row.get('onset_at')}"
            + (f"; the data single out {one.cause}." if one.cause else "; the data single out no cause.")
            for one in self.looked[:4]
        ]
        if not parts:
            parts = ["No alert was looked into."]
        return " ".join(parts)[:600]

    def missing(self) -> list[str]:
        open_ends = [str(text) for one in self.looked if one.cause is None for text in as_list(one.row.get("missing"))]
        if any(one.cause is None for one in self.looked):
            open_ends.append("A record of what was changed shortly before, where no change is singled out.")
        return [*self.errors(), *dict.fromkeys(open_ends)]


def _follow_up(task_type: str, goal: str, assets: list[str], cited: list[Json]) -> Json:
    names = ", ".join(assets[:5])
    why = "is vulnerable" if task_type == "patch_rollout" else "has drifted from the golden image"
    text = f"{goal}: {names} {why}. That is not shown to be the cause."
    reason = {"text": text[:400], "receipts": cited[:40]}
    return {"task_type": task_type, "goal": f"{goal}: {names}"[:400], "asset_ids": assets[:200], "reason": reason}
