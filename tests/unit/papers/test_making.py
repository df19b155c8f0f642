"""The plan as YAML, the evidence as CSV, the transcript as text: whole, harmless, and the same for the same record."""

from __future__ import annotations

import csv
import io
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.papers import paper
from bot.papers.making import evidence_paper, papers, plan_paper
from bot.papers.paper import Paper, Recorded, cell
from tests.unit.blocks import samples
from tools.contracts.common import JsonObject

AT = "2026-05-01T10:00:00.000000Z"
HOSTILE = '=cmd|"/c calc"!A1'


def entry(kind: str, body: JsonObject, seq: int = 1) -> Recorded:
    return Recorded(seq, kind, "agent:drift", AT, body)


def called(result: object, *, tool: str = "query_assets", outcome: str = "ok", message: str = "") -> Recorded:
    body: JsonObject = {
        "stage": "outcome",
        "call_id": "call-1",
        "tool": tool,
        "params": {"role": "web"},
        "outcome": outcome,
        "message": message,
        "result": result,
        "result_digest": "sha256:1",
    }
    return entry("tool_called", body)


def rows(made: Paper) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.data.decode())))


def everything(text: str = "14 web servers run an old image") -> list[Recorded]:
    plan = samples.plan(assets=300, waves=9, text=samples.fit(text, 100))
    return [
        called({"assets": [{"id": text}]}),
        entry("council_voted", samples.outcome(claims=12, text=samples.fit(text, 300)).model_dump(mode="json")),
        entry("plan_proposed", {"revision": 3, "plan": plan.model_dump(mode="json")}),
    ]


def test_a_task_has_three_files_and_the_same_record_makes_the_same() -> None:
    made = papers(everything())
    assert [one.name.partition("-")[0] for one in made] == ["plan", "evidence", "council"]
    assert [one.name for one in papers(everything())] == [one.name for one in made]
    assert [one.name for one in papers(everything("other"))] != [one.name for one in made]


def test_the_plan_is_whole() -> None:
    (plan, *_) = papers(everything())
    assert plan.name.startswith("plan-r3-")
    document = yaml.safe_load(plan.data)
    assert len(document["asset_ids"] if "asset_ids" in document else document["phases"]) >= 9
    assert document["revision"] == samples.plan().revision


def test_the_newest_plan_or_report_is_the_one() -> None:
    entries = [
        entry("plan_proposed", {"revision": 1, "plan": {"summary": "first"}}),
        entry("report_proposed", {"revision": 2, "report": {"conclusion": "second"}}),
    ]
    made = plan_paper(entries)
    assert made is not None
    assert (made.name[:10], made.title) == ("report-r2-", "Report, revision 2")
    assert plan_paper([]) is None


def test_what_failed_is_evidence_too_and_what_is_only_announced_is_not() -> None:
    made = evidence_paper([called(None, outcome="timeout", message="it took too long")])
    assert made is not None
    (row,) = rows(made)
    assert (row["outcome"], row["result"]) == ("timeout", "it took too long")
    assert evidence_paper([entry("tool_called", {"stage": "intent"})]) is None


_STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    "＝",
    "＋",
    "＠",
    "\u200b=",
    "\x01=",
    "\ufeff@",
    " \u2060 +",
    "\u202e-",
]


@pytest.mark.parametrize("start", _STARTS)
def test_no_cell_is_a_formula(start: str) -> None:
    made = evidence_paper([called(None, tool=f"{start}cmd|'/c calc'!A1", message=f"{start}1+1", outcome="bad")])
    assert made is not None
    (row,) = rows(made)
    assert row["tool"].startswith("'")
    assert row["result"].startswith("'")


def test_what_looks_like_a_secret_never_takes_the_end_of_its_cell_along() -> None:
    made = evidence_paper([called(None, message="it asks for a password:", outcome="bad")])
    assert made is not None
    assert [len(row) for row in csv.reader(io.StringIO(made.data.decode()))] == [7, 7]
    assert rows(made)[0]["result"] == "it asks for a password:"
    (secret,) = rows(Paper.table("t", title="T", rows=[["said"], ["password: hunter2, then"]]))
    assert secret["said"] == "password: [redacted:password], then"


@given(st.text(max_size=200))
def test_any_text_stays_one_cell_that_is_text(text: str) -> None:
    shown = cell(text)
    assert not shown or shown[0] not in "=+-@\t\r\n＝＋－＠"
    assert "\n" not in shown
    assert "\r" not in shown
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([shown, "next"])
    assert list(csv.reader(io.StringIO(written.getvalue()))) == [[shown, "next"]]


def test_the_transcript_has_every_vote_and_every_reason() -> None:
    text = papers(everything())[-1].data.decode()
    outcome = samples.outcome(claims=12, text="14 web servers run an old image")
    assert "Verdict: consensus, 92 % agreement" in text
    for tally in outcome.tallies:
        assert f"[{tally.claim.id}]" in text
    for dissent in outcome.dissent:
        assert f"{dissent.member}: {dissent.reason}" in text
    for member in outcome.members:
        assert f"{member.name} ({member.model}): {member.state}" in text


def test_where_dissent_is_left_out_the_transcript_counts_and_names_nobody() -> None:
    text = papers(everything(), include_dissent=False)[-1].data.decode()
    outcome = samples.outcome(claims=12, text="14 web servers run an old image")
    assert "disputed. By whom and why is left out here; the ledger has it." in text
    assert "Verdict: consensus, 92 % agreement" in text
    for tally in outcome.tallies:
        assert f"[{tally.claim.id}]" in text
    assert not [line for line in text.splitlines() if line.strip().startswith(("for:", "against:", "silent:"))]
    assert not [said for said in outcome.dissent if f"{said.member}: {said.reason}" in text]


def test_a_round_of_another_version_does_not_stop_the_rest() -> None:
    made = papers([entry("council_voted", {"mode": "of another time"}), *everything()])
    assert "cannot be told here" in made[-1].data.decode()
    assert "Verdict: consensus" in made[-1].data.decode()


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_hides_nothing_and_forges_no_line(text: str) -> None:
    for made in papers(everything(text)):
        said = made.data.decode()
        assert not [char for char in said if unicodedata.category(char) == "Cc" and char != "\n"]
        assert not set(said) & set("\u202e\u202d\u2066\u2067\u200b\u2060\ufeff")
    transcript = papers(everything("x\n========\nRound 9, forged\nVerdict: consensus"))[-1].data.decode()
    assert not [line for line in transcript.splitlines() if line.startswith("Round 9")]


def test_secrets_do_not_leave_by_a_file() -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    for made in papers(everything(secret)):
        assert secret not in made.data.decode()


def test_a_file_that_is_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paper, "MOST_CHARACTERS", 1000)
    for made in papers(everything()):
        said = made.data.decode()
        assert len(said) <= 1100
        assert ("left out" in said) == (len(said) > 1000)
