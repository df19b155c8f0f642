"""A finished task becomes a case that loads, without names of people, and without what people called wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.blocks.feedback import EXPLAINS
from bot.evals.capture import Captured, NotCaptured
from bot.evals.capturing import captured_from, write
from bot.evals.cases import load_cases
from tests.unit.ledger.book import ORG, Book
from tests.unit.ledger.conftest import book, empty_url, url
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerKind, LedgerUnavailable

__all__ = ["book", "empty_url", "url"]

TASK = "T1.C1.1795000000.000100"
ASKED = (
    "<@U0ADA00001> api-prod-eus2-01 in production fails, ask ada@corp.example or +49 170 1234567, see "
    "https://wiki.corp.example/x?token=1 and 10.1.2.3, password=Tr0ub4dor&3-horse"
)
SPEC: JsonObject = {"agents": ["incident"], "environment": "production"}
READ = [("query_alerts", "ok"), ("query_logs", "error"), ("correlate_events", "ok"), ("query_alerts", "ok")]


async def kept(book: Book, *more: tuple[LedgerKind, JsonObject], outcome: str = "reported", text: str = ASKED) -> None:
    """A task in the ledger: asked, worked on, ended."""
    entries: list[tuple[LedgerKind, JsonObject, str]] = [
        ("task_received", {"source": "alert", "text": text}, "alert:x"),
        ("task_spec", SPEC, "alert:x"),
        *(("tool_called", {"tool": tool, "outcome": how}, "agent:incident") for tool, how in READ),
        ("tool_called", {"tool": "execute_rollout_prod", "outcome": "ok"}, "gavel"),
        *((kind, body, "U0GRACE001") for kind, body in more),
        ("task_ended", {"outcome": outcome, "detail": "A deploy did it."}, "gavel"),
    ]
    for number, (kind, body, actor) in enumerate(entries):
        await book.ledger.record(kind, body, org=ORG, task_id=TASK, actor=actor, key=f"e{number}")


async def of(book: Book) -> Captured:
    return await captured_from(book.ledger, TASK, org=ORG, seed=3)


def written(captured: Captured, folder: Path) -> Path:
    """The case's file."""
    write(captured, folder)
    [file] = folder.rglob("*.yaml")
    return file


async def test_it_is_a_case_of_what_was_asked_and_came_of_it(book: Book, tmp_path: Path) -> None:
    await kept(book, ("report_validated", {"allowed": True}), ("feedback_given", {"right": True}))
    captured = await of(book)
    told = write(captured, tmp_path / "cases")
    [case] = load_cases(tmp_path / "cases")
    assert case == captured.case
    assert (case.about, case.kind, case.estate.seed) == ("incident", "tools", 3)
    assert (case.expect.found, case.expect.environment, case.expect.allowed) == (["report"], "production", True)
    assert case.expect.tools == ["query_alerts", "correlate_events"]
    assert captured.said == "right"
    assert f"gavel eval --case {case.id}" in told


async def test_no_name_of_a_person_no_address_and_no_secret_is_in_it(book: Book) -> None:
    await kept(book)
    captured = await of(book)
    for name in ("U0ADA00001", "ada@", "corp.example", "1234567", "10.1.2.3", "Tr0ub4dor", TASK, "T1.C1", "U0GRACE001"):
        assert name not in captured.text, name
    assert "api-prod-eus2-01 in production fails" in captured.text
    assert {"mention", "e-mail", "url", "address", "phone number"} <= {*captured.taken_out}


async def test_what_people_called_wrong_is_not_expected_again(book: Book) -> None:
    await kept(book, ("feedback_given", {"right": True}), ("feedback_given", {"right": False}))
    captured = await of(book)
    assert captured.said == "wrong", "the last word counts"
    assert (captured.case.expect.found, captured.case.expect.tools, captured.case.expect.allowed) == ([], [], None)
    assert "what would have been right" in captured.text


async def test_a_good_explanation_of_a_wrong_answer_does_not_make_it_right(book: Book) -> None:
    wrong: JsonObject = {"agent": "incident", "right": False}
    await kept(book, ("feedback_given", wrong), ("feedback_given", {"agent": EXPLAINS, "right": True}))
    assert (await of(book)).said == "wrong"


async def test_a_good_explanation_says_nothing_of_an_answer_that_nobody_judged(book: Book) -> None:
    await kept(book, ("feedback_given", {"agent": EXPLAINS, "right": True}))
    assert (await of(book)).said == ""


async def test_a_case_that_was_edited_by_hand_is_left_alone_until_somebody_says_otherwise(
    book: Book, tmp_path: Path
) -> None:
    await kept(book)
    captured = await of(book)
    file = written(captured, tmp_path)
    edited = file.read_text() + "# what would have been right\n"
    file.write_text(edited)
    with pytest.raises(NotCaptured, match=r"is there already.*left as it is.*--force"):
        write(captured, tmp_path)
    assert file.read_text() == edited
    write(captured, tmp_path, force=True)
    assert file.read_text() == captured.text


@pytest.mark.parametrize("force", [False, True])
async def test_a_case_that_would_not_load_leaves_what_was_there(book: Book, tmp_path: Path, force: bool) -> None:
    await kept(book)
    captured = await of(book)
    file = written(captured, tmp_path)
    edited = file.read_text() + "# by hand\n"
    file.write_text(edited)
    # Another file has taken the name meanwhile: two cases of one id do not load.
    (file.parent / "twin.yaml").write_text(captured.text)
    with pytest.raises(NotCaptured):
        write(captured, tmp_path, force=force)
    assert file.read_text() == edited
    file.unlink()
    with pytest.raises(NotCaptured, match="would not load"):
        write(captured, tmp_path)
    assert not file.exists()


async def test_a_rejection_as_wrong_counts_as_one(book: Book) -> None:
    reason: JsonObject = {"verdict": "reject", "reason_kind": "wrong_cause"}
    await kept(book, ("plan_proposed", {}), ("decision_accepted", reason), outcome="rejected")
    assert (await of(book)).said == "wrong"


async def test_a_rejection_for_now_says_nothing(book: Book) -> None:
    plan: tuple[LedgerKind, JsonObject] = ("plan_proposed", {"revision": 1})
    reason: JsonObject = {"verdict": "reject", "reason_kind": "not_now"}
    await kept(book, plan, ("decision_accepted", reason), outcome="rejected")
    captured = await of(book)
    assert (captured.said, captured.case.kind, captured.case.expect.found) == ("", "plan", ["plan"])


async def test_a_plan_that_the_gates_refused_is_expected_to_be_refused_by_the_same_rules(book: Book) -> None:
    refused: JsonObject = {"allowed": False, "results": [{"refusals": [{"rule": "blast.too_large"}]}, {"refusals": []}]}
    await kept(book, ("plan_proposed", {}), ("plan_validated", refused), outcome="refused")
    captured = await of(book)
    assert (captured.case.expect.allowed, captured.case.expect.refused_by) == (False, ["blast.too_large"])


async def test_what_is_no_finished_task_of_an_agent_is_not_captured(book: Book) -> None:
    with pytest.raises(NotCaptured, match="knows no task"):
        await of(book)
    await book.ledger.record(
        "task_received", {"source": "mention", "text": "x"}, org=ORG, task_id=TASK, actor="U1", key="r"
    )
    with pytest.raises(NotCaptured, match="not finished"):
        await of(book)
    await book.ledger.record("task_ended", {"outcome": "failed"}, org=ORG, task_id=TASK, actor="gavel", key="e")
    with pytest.raises(NotCaptured, match="no agent"):
        await of(book)


async def test_an_entry_that_was_edited_makes_no_case(book: Book) -> None:
    await kept(book)
    await book.sql("UPDATE ledger_entries SET body = replace(body, 'fails', 'is fine') WHERE kind = 'task_received'")
    with pytest.raises(LedgerUnavailable):
        await of(book)
