"""A phase's actions are told in its row, a tool's calls in one: the board stays short, and says the worst of each."""

from __future__ import annotations

from agents.orchestrator.consensus import PhaseItem, pool_claims
from bot.narrator.board import Board
from tests.unit.orchestrator.parts import report
from tools.contracts.council import ClaimTally, PooledClaim
from tools.contracts.progress import MemberProgress, TallyProgress, ToolProgress, VoteProgress

MEMBERS = ("Claude", "GPT", "Gemini")


def counted(claim_id: str, text: str, against: int = 0, *, phases: tuple[str, ...] = ()) -> ClaimTally:
    kind = {"p": "phase", "a": "action"}.get(claim_id[0], "claim")
    claim = PooledClaim.model_validate(
        {"id": claim_id, "text": text, "kind": kind, "key": text, "authors": [], "phases": list(phases)}
    )
    return ClaimTally(
        claim=claim,
        support=list(MEMBERS[against:]),
        contradict=list(MEMBERS[:against]),
        silent=[],
        agreement=1 - against / 3,
        coverage=1,
        carried=against == 0,
        single_source=False,
    )


def shown(board: Board) -> dict[str, str]:
    """Subject → words, of what is voted on."""
    return {row.subject: row.words for row in board.rows() if row.id.startswith("claim:")}


def test_nine_phases_with_two_actions_each_are_nine_rows() -> None:
    board = Board()
    rows = [counted(f"p{number}", f"Wave {number}") for number in range(9)]
    rows += [counted(f"a{number}", f"Roll {number}", phases=(f"p{number // 2}",)) for number in range(18)]
    board.apply(TallyProgress(rows))
    assert shown(board) == {f"Wave {number}": "Carried with its 2 actions (3 of 3 support)" for number in range(9)}
    assert board.carried == (9, 9)


def test_a_phase_is_not_said_to_carry_when_an_action_of_it_did_not() -> None:
    board = Board()
    board.apply(
        TallyProgress(
            [
                counted("p1", "Canary"),
                counted("p2", "Wave"),
                counted("a1", "Roll the canary", phases=("p1",)),
                counted("a2", "Roll the wave", 2, phases=("p2",)),
                counted("a3", "Drain it", phases=("p2",)),
            ]
        )
    )
    assert shown(board) == {
        "Canary": "Carried with its action (3 of 3 support)",
        "Wave": "Not carried: 1 of its 2 actions did not (1 of 3 supports, 2 contradict)",
    }
    assert board.carried == (1, 2)
    assert {row.subject: row.mark for row in board.rows() if row.mark} == {"Canary": "✓", "Wave": "✗"}


def test_while_votes_come_in_a_phase_shows_the_worst_of_itself_and_its_actions() -> None:
    board = Board()
    for name in MEMBERS:
        board.apply(MemberProgress(name, "thinking", "vote"))
    board.apply(VoteProgress("p1", "Canary", "Claude", "support"))
    board.apply(VoteProgress("a1", "Roll it", "Claude", "contradict", ("p1",)))
    assert shown(board) == {"Canary": "an action of it: 0 of 1 support, 1 contradicts, 2 still to vote"}


def test_an_action_that_is_part_of_no_phase_known_has_a_row_of_its_own() -> None:
    board = Board()
    board.apply(TallyProgress([counted("a1", "Roll it", 1)]))
    assert shown(board) == {"Roll it": "Not carried (2 of 3 support, 1 contradicts)"}
    assert board.carried == (0, 1)


def test_one_action_in_two_phases_counts_in_both() -> None:
    board = Board()
    board.apply(
        TallyProgress([counted("p1", "Canary"), counted("p2", "All"), counted("a1", "x", 3, phases=("p1", "p2"))])
    )
    assert [words.partition(" (")[0] for words in shown(board).values()] == ["Not carried: its action did not"] * 2


def test_calls_of_one_tool_are_one_row_that_counts_them() -> None:
    board = Board()
    for number in range(3):
        board.apply(ToolProgress(f"call-{number}", "query_assets", "running"))
        board.apply(
            ToolProgress(f"call-{number}", "query_assets", "failed" if number == 1 else "done", f"page {number}")
        )
    (row,) = board.rows()
    assert (row.subject, row.words, row.result, row.state) == (
        "query assets",
        "3 calls, 1 failed",
        "page 2",
        "complete",
    )


def test_pooled_actions_know_the_phases_they_are_part_of() -> None:
    items = [
        PhaseItem("wave-1", "Wave 1"),
        PhaseItem("roll", "Roll", kind="action", of="wave-1"),
        PhaseItem("wave-2", "Wave 2"),
        PhaseItem("roll", "Roll", kind="action", of="wave-2"),
        PhaseItem("stray", "Stray", kind="action"),
    ]
    pooled = pool_claims({"m": report("23")}, {"m": items}, seed="s")
    phases = {claim.text: claim.id for claim in pooled if claim.kind == "phase"}
    found = {claim.text: set(claim.phases) for claim in pooled if claim.kind != "phase"}
    assert found["Roll"] == {phases["Wave 1"], phases["Wave 2"]}
    assert found["Stray"] == set()
