"""The recovery agent, rehearsed: which pairs are behind, which were not tested lately, and the one to drill."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Fact, fact, receipt
from bot.local.rehearsal.cases.choosing import ChoosingCase
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

CANNOT_MOVE = {"active_on_primary", "recovery_capacity", "images_published"}
MAX_SIMULATED = 4
_FAIL_OVER = re.compile(r"\bfail(?:ing|ed)?[\s-]?(?:us |it |them )?over\b(?! (?:test|drill|readiness))", re.IGNORECASE)
_DRILL = re.compile(r"drill|test|exercise|rehears|ready|readiness|check|übung|essai|prueba", re.IGNORECASE)


@dataclass(frozen=True)
class DrCase(ChoosingCase):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._status, self._objectives, self._simulation, self._runbook)

    def _status(self) -> Call | None:
        return self.paged("get_dr_status", {"environment": self.environment})

    def _objectives(self) -> Call | None:
        asked = {str(one.params.get("dr_pair_id")) for one in self.conversation.findings if one.tool == "check_rto"}
        left = [name for name in self._ranked() if name not in asked]
        return ("check_rto", self._of(left[0])) if left and len(asked) < MAX_SIMULATED else None

    def _simulation(self) -> Call | None:
        """Pair after pair, until one could be tested."""
        if self._fit():
            return None
        done = {
            str(one.params.get("dr_pair_id")) for one in self.conversation.findings if one.tool == "simulate_failover"
        }
        left = [name for name in self._ranked() if name not in done]
        return ("simulate_failover", self._of(left[0])) if left and len(done) < MAX_SIMULATED else None

    def _runbook(self) -> Call | None:
        fit = self._fit()
        return self.once("generate_dr_runbook", {**self._of(fit), "kind": self.operation}) if fit else None

    def _of(self, pair: str) -> Json:
        return {"dr_pair_id": pair, "environment": self.environment}

    @property
    def operation(self) -> str:
        words = str(self.task.get("request") or self.task.get("goal") or "")
        return "failover" if _FAIL_OVER.search(words) and not _DRILL.search(words) else "drill"

    @property
    def pairs(self) -> dict[str, tuple[Finding, str, Json]]:
        return {str(row["dr_pair_id"]): (one, path, row) for one, path, row in self.rows("get_dr_status", "pairs")}

    def _ranked(self) -> list[str]:
        """What the person named; else what meets its objective, the longest untested first."""
        words = str(self.task.get("request") or "").lower()
        named = [name for name in self.pairs if re.search(rf"\b{re.escape(name.lower())}\b", words)]
        return named or sorted(self.pairs, key=self._rank)

    def _rank(self, name: str) -> tuple[bool, float, str]:
        row = self.pairs[name][2]
        unmet = row.get("rto_verdict") != "met"
        return unmet, -float(row.get("days_since_passed_test") or 10_000), name

    def _simulated(self) -> list[Finding]:
        return self.conversation.of("simulate_failover")

    def _fit(self) -> str | None:
        """The pair whose recovery site could take over, as simulated."""
        for one in self._simulated():
            if not CANNOT_MOVE & {str(name) for name in as_list(one.output.get("not_passed"))}:
                return str(one.output.get("dr_pair_id"))
        return None

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        for one in self._simulated():
            found.append(fact(str(one.output.get("dr_pair_id")), "ready", one, "/ready", "/dr_pair_id"))
        for name in self._ranked()[:MAX_SIMULATED]:
            finding, path, row = self.pairs[name]
            for attribute in ("rto_verdict", "rpo_verdict", "days_since_passed_test", "last_run_failed"):
                if row.get(attribute) is not None:
                    found.append(fact(name, attribute, finding, f"{path}/{attribute}", f"{path}/dr_pair_id"))
        for one in self.conversation.of("check_rto"):
            pair = str(one.output.get("dr_pair_id"))
            if as_object(one.output.get("rto")).get("minutes") is not None:
                found.append(fact(pair, "rto_minutes", one, "/rto/minutes", "/dr_pair_id"))
        return found

    def guesses(self) -> list[Fact]:
        """Birch says why a pair lags. No result does."""
        late = [name for name in self.pairs if self.pairs[name][2].get("rpo_verdict") == "missed"]
        if not late or not self.temperament.accepts_causes:
            return []
        finding, path, _ = self.pairs[late[0]]
        cause = "a saturated link between the two sites"
        return [Fact(late[0], "cause", cause, [receipt(finding, f"{path}/dr_pair_id")], 0.5)]

    def proposal(self) -> Json | None:
        fit = self._fit()
        if fit is None:
            return None
        verb = "Fail over" if self.operation == "failover" else "Drill"
        return {"summary": f"{verb} {fit}.", "dr_pair_id": fit, "operation": self.operation}

    def subjects(self) -> set[str]:
        return set(self.pairs)

    def diagnosis(self) -> str:
        if not self.pairs:
            return f"No recovery pair of {self.environment} is known."
        behind = [
            n for n, (_, _, row) in self.pairs.items() if "missed" in (row.get("rto_verdict"), row.get("rpo_verdict"))
        ]
        stale = [n for n, (_, _, row) in self.pairs.items() if float(row.get("days_since_passed_test") or 999) > 30]
        text = f"Of {len(self.pairs)} recovery pairs, {len(behind)} miss an objective"
        text += f" and {len(stale)} passed no test lately."
        fit = self._fit()
        return text + (f" {fit} can be tested now." if fit else " None could be tested now.")

    def missing(self) -> list[str]:
        return self.errors()
