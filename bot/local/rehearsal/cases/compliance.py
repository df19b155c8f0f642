"""The compliance agent, rehearsed: what is on record, put into evidence, and measured now. No data is no pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Case, Fact, advice, fact, receipt
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

MAX_CHECKED = 8
"""Controls that are measured anew."""

REMEDIES = {
    "drift": ("drift_remediation", "bring its assets back to their golden images"),
    "vulnerabilities": ("patch_rollout", "patch its assets"),
    "recovery": ("dr_readiness", "check the recovery pairs behind it"),
}
_SEVERITIES = ("critical", "high", "medium", "low")


@dataclass(frozen=True)
class Row:
    """One control, as the evidence has it."""

    finding: Finding
    path: str
    control: Json
    affected: list[str]

    @property
    def name(self) -> str:
        return f"{self.control.get('framework')} {self.control.get('control_id')}"

    @property
    def verdict(self) -> str:
        return str(self.control.get("verdict"))

    def cited(self, *names: str) -> list[Json]:
        return [receipt(self.finding, f"{self.path}/control/{name}") for name in ("framework", "control_id", *names)]


@dataclass(frozen=True)
class ComplianceCase(Case):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._status, self._evidence, self._checks)

    def _status(self) -> Call | None:
        return self.paged("get_compliance_status", {"environment": self.environment, "limit": 200})

    def _evidence(self) -> Call | None:
        names = self.frameworks
        if not names:
            return None
        return self.once("generate_compliance_evidence", {"frameworks": names[:10], "environment": self.environment})

    def _checks(self) -> Call | None:
        checked = [
            (one.params.get("framework"), one.params.get("control_id"))
            for one in self.conversation.findings
            if one.tool == "check_control"
        ]
        for row in sorted(self.controls, key=_urgency):
            place = (row.control.get("framework"), row.control.get("control_id"))
            if row.control.get("measured_by") == "attestation" or place in checked or len(checked) >= MAX_CHECKED:
                continue
            params: Json = {"framework": place[0], "control_id": place[1], "environment": self.environment}
            return "check_control", params
        return None

    @property
    def frameworks(self) -> list[str]:
        """Those that the request names; all that are audited, when it names none."""
        known = list(
            dict.fromkeys(str(row.get("framework")) for _, _, row in self.rows("get_compliance_status", "frameworks"))
        )
        asked = f"{self.task.get('request', '')} {self.task.get('goal', '')}".lower().replace(" ", "")
        return [name for name in known if name.lower().replace(" ", "") in asked] or known

    @property
    def controls(self) -> list[Row]:
        found: list[Row] = []
        for finding, path, framework in self.rows("generate_compliance_evidence", "frameworks"):
            for index, item in enumerate(as_list(framework.get("controls"))):
                control = as_object(as_object(item).get("control"))
                affected = [str(name) for name in as_list(as_object(item).get("affected_assets"))]
                found.append(Row(finding, f"{path}/controls/{index}", control, affected))
        return found

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        for finding, path, framework in self.rows("generate_compliance_evidence", "frameworks"):
            name = str(as_object(framework.get("summary")).get("framework"))
            cited = f"{path}/summary/framework"
            found.append(fact(name, "verdict", finding, f"{path}/summary/verdict", cited))
            found.append(fact(name, "score_pct", finding, f"{path}/summary/score_pct", cited))
        for row in sorted(self.controls, key=_urgency):
            place = f"{row.path}/control"
            cited = (f"{place}/framework", f"{place}/control_id")
            found.append(fact(row.name, "verdict", row.finding, f"{place}/verdict", *cited))
        for finding in self.conversation.of("check_control"):
            control = as_object(finding.output.get("control"))
            if finding.output.get("measured") is not None:
                name = f"{control.get('framework')} {control.get('control_id')}"
                cited = ("/control/framework", "/control/control_id")
                found.append(fact(name, "measured_verdict", finding, "/measured/verdict", *cited))
        return found

    def guesses(self) -> list[Fact]:
        """Birch says why a control fails. No record speaks of it."""
        failing = [row for row in self.controls if row.verdict == "non_compliant"]
        if not failing or not self.temperament.accepts_causes:
            return []
        return [Fact(failing[0].name, "cause", "a rollout that was never finished", failing[0].cited(), 0.5)]

    def advises(self) -> list[Json]:
        found: list[Json] = []
        for row in sorted(self.controls, key=_urgency):
            how = REMEDIES.get(str(row.control.get("measured_by")))
            if row.verdict == "non_compliant" and how is not None:
                text = f"For {row.name}, {how[1]}: {row.control.get('affected_count')} are affected."
                cited = row.cited("affected_count")
                found.append(advice(text, cited, task_type=how[0], asset_ids=row.affected))
            elif row.verdict in ("stale", "no_data"):
                attested = row.control.get("measured_by") == "attestation"
                text = f"Have {row.name} {'attested' if attested else 'audited'}: what is on record is {row.verdict}."
                found.append(advice(text, row.cited("verdict")))
        return found[:8]

    def conclusion(self) -> str:
        verdicts = {row.verdict for row in self.controls}
        if "non_compliant" in verdicts or self._contradicted():
            return "findings"
        holds = bool(verdicts) and verdicts <= {"compliant", "compliant_with_exemptions"}
        return "healthy" if holds and not self.errors() else "inconclusive"

    def _contradicted(self) -> bool:
        measured = [as_object(one.output.get("measured")) for one in self.conversation.of("check_control")]
        return any(one.get("verdict") == "non_compliant" for one in measured)

    def diagnosis(self) -> str:
        names = [row.name for row in sorted(self.controls, key=_urgency) if row.verdict == "non_compliant"]
        gaps = [row.name for row in self.controls if row.verdict in ("stale", "no_data")]
        if not self.controls:
            return "Nothing was put into evidence, so nothing can be said of compliance."
        text = f"Not holding: {', '.join(names)}." if names else "No control is on record as failing."
        return (text + (f" Without fresh data: {', '.join(gaps)}." if gaps else ""))[:600]

    def missing(self) -> list[str]:
        gaps = any(row.verdict in ("stale", "no_data") for row in self.controls)
        return [*self.errors(), *(["Fresh audits or attestations of the controls without data."] if gaps else [])]


def _urgency(row: Row) -> tuple[int, int, str]:
    severity = str(row.control.get("severity"))
    order = ("non_compliant", "no_data", "stale")
    rank = order.index(row.verdict) if row.verdict in order else len(order)
    return rank, _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES), row.name
