"""What counts as a stated fact, and what a cited value shows."""

from __future__ import annotations

import pytest

from tools.contracts.common import JsonObject
from tools.contracts.plan import Receipt
from tools.receipts import find, holds, names_in, unshown
from tools.tokens import facts_in, shown_by


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("23 of 1,204 assets have drifted.", ["23", "1204"]),
        ("web-14 runs 2026.03.2, behind 2026.10.1.", ["web-14", "2026.03.2", "2026.10.1"]),
        ("CVE-2024-6387 (regreSSHion) is open.", ["cve-2024-6387"]),
        ("Costs $1,234.50 a month, 20.0 % of it waste.", ["1234.5", "20"]),
        ("A pause of 60s, then 3x as many.", ["60", "3"]),
        ("twenty assets and half of the rest", ["20", "0.5"]),
        ("２３ assets", ["23"]),
        ("٢٣ assets", ["23"]),
        ("2\u200b3 assets", ["23"]),
        ("One of them runs on k8s over IPv6.", []),
        ("10.0.0.0/8 may connect", ["10.0.0.0", "8"]),
        ("No figure here.", []),
    ],
)
def test_a_figure_or_a_name_is_a_fact_however_it_is_written(text: str, facts: list[str]) -> None:
    assert facts_in(text) == facts


def test_a_name_without_a_digit_is_a_fact_where_it_is_known() -> None:
    assert facts_in("The bastion is down", frozenset({"bastion"})) == ["bastion"]


@pytest.mark.parametrize(
    ("value", "fact", "shown"),
    [
        (23, "23", True),
        (23.0, "23", True),
        (-5, "5", True),
        (12.34, "12.34", True),
        (12.34, "12.3", False),
        ("web-14", "web-14", True),
        ("web-14", "web-1", False),
        ("web-14", "14", False),
        ("web-base 2026.03.2", "2026.03.2", True),
        ("2026.03.2", "03.2", False),
        ("2026-11-23T12:30:00Z", "2026-11-23", True),
        ("2026-11-23T12:30:00Z", "12:30", True),
        ("2026-11-23T12:30:00Z", "30", False),
        (True, "1", False),
        (None, "0", False),
    ],
)
def test_a_value_shows_itself_and_not_its_pieces(value: str | float | bool | None, fact: str, shown: bool) -> None:
    assert (fact in shown_by(value)) is shown


RESULTS: dict[str, JsonObject] = {
    "t1": {"assets": [{"id": "bastion", "behind": 3}], "total": 1, "flag": True},
    "t2": {"controls": [{"control_id": "CIS-1.1", "affected_assets": ["jump"]}]},
}


def test_a_text_must_be_shown_whole() -> None:
    receipts = [Receipt(tool_call_id="t1", path="/assets/0/behind", value=3)]
    assert unshown("3 releases behind", receipts) == []
    assert unshown("The bastion is 3 releases behind", receipts, names=names_in(RESULTS)) == ["bastion"]
    assert unshown("4 releases behind", receipts) == ["4"]


def test_a_receipt_is_found_by_code_where_the_fact_is() -> None:
    for fact in ("bastion", "cis-1.1", "jump", "3"):
        receipt = find(RESULTS, fact)
        assert receipt is not None
        assert holds(receipt, RESULTS)
    assert find(RESULTS, "99") is None


def test_names_are_those_of_assets_and_controls() -> None:
    assert names_in(RESULTS) == {"bastion", "cis-1.1", "jump"}
