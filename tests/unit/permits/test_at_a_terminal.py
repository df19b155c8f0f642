"""At a terminal: what acts for the org is asked of the policies first, and what is not is listed with its reason."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.cli import app, main
from bot.permits.terminal import permitted
from bot.permits.ungated import UNGATED
from policies.commands import NotPermitted, Wish, refusals
from policies.engine import PolicyUnavailable
from tests.unit.listeners.desk import SHIPPED
from tests.unit.policies.opa_server import NOBODYS_PORT

COMMANDS = {str(each.name or getattr(each.callback, "__name__", "")) for each in app.registered_commands}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAVEL_DATA_DIR", str(tmp_path))


def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["gavel", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    code = left.value.code
    return code if isinstance(code, int) else 0, capsys.readouterr().err


@pytest.mark.parametrize("command", sorted(COMMANDS))
async def test_every_command_has_a_rule_or_a_reason_for_having_none(command: str) -> None:
    refused = await refusals(SHIPPED, Wish("T1", "terminal:ada", command, "terminal"), roles=[])
    assert (refused == []) != (command in UNGATED)


def test_nothing_is_listed_that_is_not_there() -> None:
    assert set(UNGATED) <= COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS - set(UNGATED)))
def test_while_opa_is_away_none_of_them_does_anything(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPA_URL", f"http://127.0.0.1:{NOBODYS_PORT}")
    status, said = told(monkeypatch, capsys, command, "x")
    assert status == 2
    assert "OPA" in said
    assert "Traceback" not in said


def test_help_is_for_everybody(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("OPA_URL", f"http://127.0.0.1:{NOBODYS_PORT}")
    assert told(monkeypatch, capsys, "keys", "--help")[0] == 0


@pytest.mark.parametrize("words", [["keys", "set", "x", "--user", "--help"], ["tools", "call", "x", "--", "--help"]])
def test_a_word_that_may_be_a_value_is_no_call_for_help(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPA_URL", f"http://127.0.0.1:{NOBODYS_PORT}")
    assert "OPA" in told(monkeypatch, capsys, *words)[1]


def test_a_command_that_no_policy_knows_is_refused_with_a_sentence() -> None:
    permitted("tasks")
    with pytest.raises(NotPermitted, match=r"You may not do `gavel launch` here.*Nothing was done"):
        permitted("launch")


def test_to_stop_a_task_is_asked_by_itself(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def note(command: str) -> None:
        asked.append(command)
        if command == "task.stop":
            raise PolicyUnavailable("OPA is away")

    monkeypatch.setattr("bot.permits.terminal.permitted", note)
    status, said = told(monkeypatch, capsys, "task", "T1.C1.1", "cancel", "--reason", "x")
    assert (status, asked) == (2, ["task", "task.stop"])
    assert "OPA is away" in said
