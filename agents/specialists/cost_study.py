"""How the cost agent reads its evidence: savings from measured use, totals from the tools, and no amount of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import ClassVar

from agents.orchestrator.brief import Deliberation
from agents.specialists.grounded import GroundedStudy, Option
from agents.specialists.investigation import ToolDesk
from agents.specialists.tables import read_list, read_to_the_end, read_whole, stated
from tools.contracts.common import JsonObject
from tools.contracts.council import Claim
from tools.contracts.outputs.cost import Bill, MonthForecast, Saving, SavingsOfAKind, SavingsTotal, UnusualDay
from tools.contracts.outputs.report import Conclusion, Finding, Recommendation
from tools.contracts.plan import Receipt
from tools.contracts.statement import Statement

_HOW = {
    "rightsize": "Move machines to a smaller size of their series",
    "schedule": "Switch machines off while nobody uses them",
    "delete_stopped": "Delete the disks of machines that were stopped long ago",
}
_AT_RISK = ("over", "at_risk")
_FORECAST = {
    "within": " is forecast to end within its budget.",
    "over": " is forecast to end over its budget.",
    "at_risk": " may end over its budget: the forecasts differ.",
    "unknown": ": whether it ends within its budget is not known.",
}
_DAYS = 3
"""Unusual days that are told as findings. All are in the table."""


class CostStudy(GroundedStudy):
    kind: ClassVar[str] = "CostOptimizationPlan"

    def __init__(self, desk: ToolDesk) -> None:
        super().__init__(desk)
        book = desk.book
        self.pages = read_whole(book, "get_cost_recommendations", SavingsTotal)
        self.savings = read_list(book, "get_cost_recommendations", Saving, name="recommendations")
        self.bills = read_whole(book, "get_billing_data", Bill)
        self.forecasts = read_list(book, "forecast_cost", MonthForecast, name="forecasts")
        self.days = read_list(book, "find_cost_anomalies", UnusualDay, name="anomalies")

    @property
    def total(self) -> SavingsTotal | None:
        """Of all savings: every page of one question states the same."""
        return next(iter(self.pages), None)

    @property
    def adds_up(self) -> bool:
        """Whether the rows, read to the last page, come to the total that the tool states."""
        if self.total is None or not read_to_the_end(self.desk.book, "get_cost_recommendations"):
            return False
        rows = {row.asset_id: Decimal(str(row.saving_usd_month)) for row in self.savings}
        # Each row is rounded to the cent by itself.
        slack = Decimal("0.01") * len(rows)
        return abs(sum(rows.values(), Decimal(0)) - Decimal(str(self.total.total_saving_usd_month))) <= slack

    def unjudgeable(self) -> str | None:
        if self.pages or self.bills or self.forecasts or self.days:
            return None
        return "Neither bills nor use could be read, so nothing is known of what this costs."

    @property
    def healthy(self) -> bool:
        """Costs and use are known of everything, nothing could be saved, no budget is at risk, no day was unusual."""
        total, book = self.total, self.desk.book
        known = total is not None and not total.not_watched and not total.unknown_size_ids and total.machines > 0
        nothing = total is not None and total.total_recommendations == 0
        judged = [result for result in book.succeeded if result.call.tool == "find_cost_anomalies"]
        usual = bool(judged) and all((one.output or {}).get("not_judged") == 0 for one in judged) and not self.days
        within = bool(self.forecasts) and all(row.verdict == "within" for row in self.forecasts)
        billed = bool(self.bills) and not any(bill.months_without_bill for bill in self.bills)
        read = read_to_the_end(book, "get_cost_recommendations")
        return known and nothing and usual and within and billed and read and not book.failures()

    def _conclusion(self, result: Deliberation, findings: Sequence[Finding]) -> Conclusion:
        said = super()._conclusion(result, findings)
        at_risk = any(row.verdict in _AT_RISK for row in self.forecasts)
        shown = bool(self.savings or self.days or at_risk)
        return "inconclusive" if said == "findings" and not shown else said

    def summary(self, conclusion: Conclusion, findings: Sequence[Finding]) -> Statement:
        total, parts, cited = self.total, list[str](), list[Receipt]()
        if total is not None:
            parts.append(
                f"Changes that measured use suggests: {total.total_recommendations}, saving"
                f" ${total.total_saving_usd_month} a month together."
            )
            cited += [total.receipt("total_recommendations"), total.receipt("total_saving_usd_month")]
            if total.not_watched:
                parts.append(f"Of {total.not_watched} machines nobody measured the use.")
                cited.append(total.receipt("not_watched"))
        for row in self.forecasts[:3]:
            parts.append(f"The month in {row.environment}{_FORECAST[row.verdict]}")
            cited.append(row.receipt("environment"))
        if not parts:
            parts = ["What could be saved is not known: how these machines are used is on no record."]
        return stated(" ".join(parts), cited)

    def facts(self) -> list[Finding]:
        return self.numbered([*self._kinds(), *self._budgets(), *self._unusual()])

    def _kinds(self) -> Iterator[Finding]:
        for index, kind in self._by_saving():
            text = f"{_HOW[kind.kind]}: {kind.recommendations} of them, ${kind.saving_usd_month} a month."
            yield Finding(
                id="f", statement=stated(text, self._cited(index, kind)), kind="fact", asset_ids=self._on(kind)
            )

    def _budgets(self) -> Iterator[Finding]:
        for row in self.forecasts:
            if row.verdict in _AT_RISK:
                text = (
                    f"{row.environment} is forecast at ${row.forecast_by_trend_usd} by trend and"
                    f" ${row.forecast_by_median_usd} by median, against a budget of ${row.budget_usd}."
                )
                names = ("environment", "forecast_by_trend_usd", "forecast_by_median_usd", "budget_usd")
                yield Finding(id="f", statement=stated(text, [row.receipt(name) for name in names]), kind="risk")

    def _unusual(self) -> Iterator[Finding]:
        for row in self.days[:_DAYS]:
            text = f"{row.image_family} cost ${row.excess_usd} more than usual on {row.day}. Why is not on record."
            names = ("image_family", "excess_usd", "day")
            yield Finding(id="f", statement=stated(text, [row.receipt(name) for name in names]), kind="fact")

    def assets_of(self, claim: Claim) -> list[str]:
        return [claim.subject] if claim.subject in {row.asset_id for row in self.savings} else []

    def borne_out(self, claim: Claim) -> bool:
        """A saving only as computed; and why a day was dear, no result says."""
        if self.kind_of(claim) == "cause":
            return False
        if claim.attribute not in ("saving_usd_month", "total_saving_usd_month"):
            return True
        known = [(row.asset_id, row.saving_usd_month) for row in self.savings]
        known += [(kind.kind, kind.saving_usd_month) for page in self.pages for kind in page.by_kind]
        if claim.attribute == "total_saving_usd_month":
            known = [(claim.subject, page.total_saving_usd_month) for page in self.pages]
        return not claim.negated and (claim.subject, claim.value) in {(name, str(amount)) for name, amount in known}

    def options(self) -> list[Option]:
        return [*self._saving(), *self._asking(), *self._watching()]

    def _saving(self) -> Iterator[Option]:
        for index, kind in self._by_saving():
            text = f"{_HOW[kind.kind]}: {kind.recommendations} of them, ${kind.saving_usd_month} a month."
            statement = stated(f"{text} Gavel changes none.", self._cited(index, kind))
            advice = Recommendation(statement=statement, asset_ids=self._on(kind))
            yield Option(advice, frozenset({str(kind.saving_usd_month)}))

    def _asking(self) -> Iterator[Option]:
        for row in self.days:
            text = f"Ask who ran {row.image_family} on {row.day}: it cost ${row.excess_usd} more than usual."
            statement = stated(text, [row.receipt(name) for name in ("image_family", "day", "excess_usd")])
            yield Option(Recommendation(statement=statement), frozenset({row.image_family, row.day.isoformat()}))

    def _watching(self) -> Iterator[Option]:
        if self.total is not None and self.total.not_watched:
            text = f"Have the use of {self.total.not_watched} machines measured: nothing can be said of them."
            ids = [*self.total.not_watched_ids]
            advice = Recommendation(statement=stated(text, [self.total.receipt("not_watched")]), asset_ids=ids)
            yield Option(advice, frozenset({str(self.total.not_watched)}))

    def _by_saving(self) -> list[tuple[int, SavingsOfAKind]]:
        kinds = list(enumerate(self.total.by_kind)) if self.total is not None else []
        return sorted(kinds, key=lambda one: -one[1].saving_usd_month)

    def _on(self, kind: SavingsOfAKind) -> list[str]:
        return [row.asset_id for row in self.savings if row.kind == kind.kind][:200]

    def _cited(self, index: int, kind: SavingsOfAKind) -> list[Receipt]:
        if self.total is None:
            return []
        values = kind.model_dump()
        names = ("kind", "recommendations", "saving_usd_month")
        call = self.total.tool_call_id
        return [Receipt(tool_call_id=call, path=f"/by_kind/{index}/{name}", value=values[name]) for name in names]

    def open_ends(self) -> list[str]:
        missing = ["Measured use of the machines that nobody watches."] if self.total and self.total.not_watched else []
        if self.total is not None and not self.adds_up:
            missing.append("All pages of savings: what was read does not add up to their total.")
        return missing

    def details(self) -> JsonObject:
        return {
            "totals": self.pages[:1],
            "savings": list({row.asset_id: row for row in self.savings}.values())[:400],
            "bills": self.bills[:4],
            "forecasts": self.forecasts[:12],
            "unusual_days": self.days[:200],
        }
