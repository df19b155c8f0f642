"""The cost agent, rehearsed: what was paid, what is coming, and what measured use says could be saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Case, Fact, advice, fact, receipt
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

HOW = {
    "rightsize": "Move {count} machines to a smaller size of their series",
    "schedule": "Switch {count} machines off when nobody uses them",
    "delete_stopped": "Delete the disks of {count} machines that were stopped long ago",
}


@dataclass(frozen=True)
class CostCase(Case):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._bills, self._forecast, self._anomalies, self._savings)

    def _bills(self) -> Call | None:
        groups = ["environment", "image_family"]
        return self.once("get_billing_data", {"environment": self.environment, "group_by": groups, "limit": 200})

    def _forecast(self) -> Call | None:
        return self.once("forecast_cost", {"environment": self.environment})

    def _anomalies(self) -> Call | None:
        return self.once("find_cost_anomalies", {"environment": self.environment})

    def _savings(self) -> Call | None:
        return self.paged("get_cost_recommendations", {"environment": self.environment, "limit": 200})

    @property
    def savings(self) -> Finding | None:
        """The first page: its totals are of all pages."""
        return next(iter(self.conversation.of("get_cost_recommendations")), None)

    @property
    def days(self) -> list[tuple[Finding, str, Json]]:
        return list(self.rows("find_cost_anomalies", "anomalies"))

    @property
    def forecasts(self) -> list[tuple[Finding, str, Json]]:
        return list(self.rows("forecast_cost", "forecasts"))

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        if self.savings is not None:
            for name in ("total_saving_usd_month", "total_recommendations", "not_watched"):
                found.append(fact(self.environment, name, self.savings, f"/{name}"))
            for index, row in enumerate(as_list(self.savings.output.get("by_kind"))):
                kind, path = str(as_object(row).get("kind")), f"/by_kind/{index}"
                found.append(fact(kind, "saving_usd_month", self.savings, f"{path}/saving_usd_month", f"{path}/kind"))
        for finding in self.conversation.of("get_billing_data")[:1]:
            found.append(fact(self.environment, "total_usd", finding, "/total_usd"))
        for finding, path, row in self.forecasts:
            place = str(row.get("environment"))
            found.append(fact(place, "forecast_verdict", finding, f"{path}/verdict", f"{path}/environment"))
        for finding, path, row in self.days[:1]:
            family = str(row.get("image_family"))
            cited = (f"{path}/image_family", f"{path}/day")
            found.append(fact(family, "excess_usd", finding, f"{path}/excess_usd", *cited))
        for finding, path, row in self.rows("get_cost_recommendations", "recommendations"):
            asset = str(row.get("asset_id"))
            found.append(fact(asset, "saving_usd_month", finding, f"{path}/saving_usd_month", f"{path}/asset_id"))
        return found

    def guesses(self) -> list[Fact]:
        """Birch explains the unusual day. No result does."""
        if not self.days or not self.temperament.accepts_causes:
            return []
        finding, path, row = self.days[0]
        cited = [receipt(finding, f"{path}/image_family")]
        return [Fact(str(row.get("image_family")), "cause", "a batch job that ran longer than planned", cited, 0.5)]

    def advises(self) -> list[Json]:
        found: list[Json] = []
        for index, row in enumerate(self._by_saving()):
            position, kind = row
            cited = [
                receipt(kind[0], f"/by_kind/{position}/{name}") for name in ("recommendations", "saving_usd_month")
            ]
            count, amount = cited[0]["value"], cited[1]["value"]
            text = f"{HOW[str(kind[1].get('kind'))].format(count=count)}: ${amount} a month."
            assets = [
                str(one["asset_id"])
                for _, _, one in self.rows("get_cost_recommendations", "recommendations")
                if one.get("kind") == kind[1].get("kind")
            ]
            found.append(advice(text, cited, asset_ids=assets if index < len(HOW) else []))
        for finding, path, row in self.days[:1]:
            text = f"Ask who ran {row.get('image_family')} on {row.get('day')}: it cost ${row.get('excess_usd')} more."
            cited = [receipt(finding, f"{path}/{name}") for name in ("image_family", "day", "excess_usd")]
            found.append(advice(text, cited))
        if self.savings is not None and self.savings.output.get("not_watched"):
            text = f"Have the use of {self.savings.output['not_watched']} machines watched: nothing is known of it."
            found.append(advice(text, [receipt(self.savings, "/not_watched")]))
        return found

    def _by_saving(self) -> list[tuple[int, tuple[Finding, Json]]]:
        if self.savings is None:
            return []
        kinds = [
            (index, (self.savings, as_object(row)))
            for index, row in enumerate(as_list(self.savings.output.get("by_kind")))
            if as_object(row).get("kind") in HOW
        ]
        return sorted(kinds, key=lambda one: -float(one[1][1].get("saving_usd_month") or 0))

    def conclusion(self) -> str:
        at_risk = any(row.get("verdict") in ("over", "at_risk") for _, _, row in self.forecasts)
        if self.days or at_risk or (self.savings and self.savings.output.get("total_recommendations")):
            return "findings"
        unknown = self.savings is None or bool(self.savings.output.get("not_watched")) or not self.forecasts
        unknown = unknown or any(row.get("verdict") == "unknown" for _, _, row in self.forecasts)
        return "inconclusive" if unknown or self.errors() else "healthy"

    def diagnosis(self) -> str:
        if self.savings is None:
            return "How the machines are used is not known, so nothing can be said of what could be saved."
        output = self.savings.output
        text = (
            f"{output.get('total_recommendations')} changes would save ${output.get('total_saving_usd_month')} a month."
        )
        for _, _, row in self.forecasts[:1]:
            text += f" The month against its budget: {str(row.get('verdict')).replace('_', ' ')}."
        return text[:600]

    def missing(self) -> list[str]:
        unwatched = self.savings is not None and bool(self.savings.output.get("not_watched"))
        return [*self.errors(), *(["Measured use of the machines that nobody watches."] if unwatched else [])]
