"""When a control holds: for any record, only fresh data without a counted asset make it so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tools.bench import NOW, ORG
from tools.compliance.evaluation import Judgement, Records, framework_verdict, share_that_holds
from tools.contracts.compliance import Attestation, Control, ControlResult, Exemption

MAX_AGE = timedelta(days=90)
assets = st.sets(st.sampled_from(["a", "b", "c", "d"]))
days = st.integers(min_value=-400, max_value=400)


def control(measured_by: str = "drift") -> Control:
    return Control.model_validate(
        {
            "org_id": ORG,
            "framework": "F",
            "framework_version": "1",
            "control_id": "C1",
            "environment": "production",
            "title": "t",
            "severity": "high",
            "recommendation": "r",
            "measured_by": measured_by,
        }
    )


def result(affected: set[str], *, age: int = 3, **changes: Any) -> ControlResult:
    return ControlResult.model_validate(
        {
            "org_id": ORG,
            "framework": "F",
            "control_id": "C1",
            "status": "failing" if affected else "passing",
            "affected_assets": sorted(affected),
            "score": 50,
            "last_audit_at": NOW - timedelta(days=age),
            **changes,
        }
    )


def exemption(asset_id: str, *, expires_in: int, control_id: str = "C1") -> Exemption:
    return Exemption(
        id=f"EX-{asset_id}-{expires_in}-{control_id}",
        org_id=ORG,
        framework="F",
        control_id=control_id,
        asset_id=asset_id,
        reason="r",
        approved_by="U1",
        expires_at=NOW + timedelta(days=expires_in),
    )


def attestation(*, at: int, until: int) -> Attestation:
    return Attestation(
        id=f"AT-{at}-{until}",
        org_id=ORG,
        framework="F",
        control_id="C1",
        statement="s",
        attested_by="U1",
        attested_at=NOW + timedelta(days=at),
        valid_until=NOW + timedelta(days=until),
    )


def judge(records: Records, *, measured_by: str = "drift") -> Judgement:
    return records.judge(control(measured_by), now=NOW, max_age=MAX_AGE)


@given(affected=assets, excused=st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), days, max_size=4), age=days)
def test_an_audited_control_holds_exactly_when_fresh_and_every_affected_asset_is_exempt(
    affected: set[str], excused: dict[str, int], age: int
) -> None:
    exemptions = [exemption(asset, expires_in=left) for asset, left in excused.items()]
    judgement = judge(Records([result(affected, age=age)], exemptions, []))
    in_force = {asset for asset, left in excused.items() if left > 0}
    if age < 0:
        assert judgement.verdict == "no_data"
    elif age > 90:
        assert judgement.verdict == "stale"
    elif affected - in_force:
        assert judgement.verdict == "non_compliant"
    else:
        assert judgement.verdict == ("compliant_with_exemptions" if affected else "compliant")
    if age >= 0:
        assert set(judgement.affected) == affected - in_force
        assert {one.asset_id for one in judgement.exemptions} == affected & in_force
    assert judgement.reason


def test_without_a_result_nothing_holds() -> None:
    for measured_by in ("drift", "vulnerabilities", "recovery", "attestation"):
        judgement = judge(Records([], [exemption("a", expires_in=5)], []), measured_by=measured_by)
        assert judgement.verdict == "no_data"
        assert not judgement.holds


def test_what_an_audit_says_is_not_believed_against_what_it_lists() -> None:
    assert judge(Records([result({"a"}, status="passing")], [], [])).verdict == "non_compliant"
    assert judge(Records([result(set(), status="failing")], [], [])).verdict == "non_compliant"
    assert judge(Records([result(set(), status="warning")], [], [])).verdict == "non_compliant"


def test_another_controls_exemption_excuses_nothing() -> None:
    records = Records([result({"a"})], [exemption("a", expires_in=9, control_id="C2")], [])
    assert judge(records).verdict == "non_compliant"


@given(given_at=days, until=days)
def test_an_attestation_holds_from_its_date_until_it_runs_out(given_at: int, until: int) -> None:
    judgement = judge(Records([], [], [attestation(at=given_at, until=until)]), measured_by="attestation")
    if given_at > 0:
        assert judgement.verdict == "no_data"
    else:
        assert judgement.verdict == ("compliant" if until > 0 else "stale")


def test_an_audit_result_does_not_stand_in_for_an_attestation() -> None:
    assert judge(Records([result(set())], [], []), measured_by="attestation").verdict == "no_data"


verdicts = st.sampled_from(["compliant", "compliant_with_exemptions", "non_compliant", "stale", "no_data"])


@given(found=st.lists(verdicts, max_size=8))
def test_a_framework_is_compliant_only_when_it_has_controls_and_all_hold(found: list[Any]) -> None:
    judgements = [
        Judgement(
            control=control(),
            verdict=verdict,
            reason="r",
            affected=(),
            exemptions=(),
            audited_at=None,
            audit_score=None,
            attestation=None,
        )
        for verdict in found
    ]
    holding = [verdict for verdict in found if verdict.startswith("compliant")]
    verdict = framework_verdict(judgements)
    assert (verdict == "compliant") is (bool(found) and len(holding) == len(found))
    assert (verdict == "non_compliant") is ("non_compliant" in found)
    share = share_that_holds(judgements)
    assert share == (100 * len(holding) / len(found) if found else 0)
