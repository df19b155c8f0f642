"""The `gavel` command, run as a person runs it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

GAVEL = Path(sys.executable).with_name("gavel")


@dataclass
class Ran:
    status: int
    out: str
    err: str


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path


async def gavel(place: Path, *arguments: str, **environ: str) -> Ran:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(str(GAVEL), *arguments),
        cwd=place,
        env={**kept, "HOME": str(place), "COLUMNS": "200", "OLLAMA_API_BASE": "http://127.0.0.1:9", **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())


async def test_help_names_every_command(place: Path) -> None:
    ran = await gavel(place, "--help")
    assert ran.status == 0
    for command in ("up", "worker", "doctor", "ledger", "keys", "usage", "cve"):
        assert f" {command} " in ran.out


async def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, bot.cli\n"
        "heavy = {'litellm', 'temporalio', 'sqlalchemy', 'aiohttp', 'slack_bolt', 'pydantic', 'cryptography'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out == b"[]\n"


async def test_version(place: Path) -> None:
    ran = await gavel(place, "--version")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("gavel 0.")


@pytest.mark.parametrize("command", [["up"], ["worker"], ["doctor"], ["ledger", "verify"], ["cve", "import", "x"]])
async def test_a_bad_setting_is_one_line_and_exit_code_2(place: Path, command: list[str]) -> None:
    ran = await gavel(place, *command, LLM_MODE="vote")
    assert ran.status == 2
    assert ran.err == "gavel: LLM_MODE: got 'vote'; must be 'auto', 'single', 'aggregation' or 'council'\n"
    assert ran.out == ""


async def test_an_unwritable_data_directory_is_one_line(place: Path) -> None:
    (place / "file").touch()
    ran = await gavel(place, "up", GAVEL_DATA_DIR="file/data")
    assert ran.status == 2
    assert len(ran.err.splitlines()) == 1
    assert "GAVEL_DATA_DIR" in ran.err


async def test_a_worker_alone_says_what_it_needs(place: Path) -> None:
    ran = await gavel(place, "worker")
    assert ran.status == 2
    assert "run `gavel up` first, or configure the servers" in ran.err


async def test_the_doctor_with_nothing_running_says_what_up_will_start(place: Path) -> None:
    ran = await gavel(place, "doctor")
    assert ran.status == 0
    assert "`gavel up` starts a dev server" in ran.out
    assert not (place / ".gavel").exists()


async def test_the_doctor_for_programs_fails_on_what_does_not_answer(place: Path) -> None:
    ran = await gavel(place, "doctor", "--json", OPA_URL="http://127.0.0.1:9")
    assert ran.status == 1
    told: dict[str, Any] = json.loads(ran.out)
    assert told["healthy"] is False
    (opa,) = [component for component in told["components"] if component["component"] == "opa"]
    assert opa["state"] == "failed"
    assert opa["tried"] == "http://127.0.0.1:9/health (configured)"
    assert "OPA_URL" in opa["advice"]


async def test_the_ledgers_own_help_and_options_are_reached(place: Path) -> None:
    assert "verify" in (await gavel(place, "ledger", "--help")).out
    ran = await gavel(place, "ledger", "show", "--kind", "no-such-kind")
    assert ran.status == 2
    assert "--kind" in ran.err


async def test_a_ledger_that_is_not_there_is_no_verdict(place: Path) -> None:
    ran = await gavel(place, "ledger", "verify")
    assert ran.status == 2
    assert "There is no ledger" in ran.err


async def test_the_ledger_of_a_real_workspace_needs_its_org(place: Path) -> None:
    ran = await gavel(place, "ledger", "verify", SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1")
    assert ran.status == 2
    assert ran.err.startswith("gavel: GAVEL_ORG is not set")


async def test_a_cve_dump_is_imported_with_an_account_of_every_record(place: Path) -> None:
    good = {"id": "CVE-2026-1", "modified": "2026-01-01T00:00:00Z"}
    (place / "osv.jsonl").write_text(f"{json.dumps(good)}\n{{}}\n")
    ran = await gavel(place, "cve", "import", "osv.jsonl", "--json")
    assert ran.status == 1
    told: dict[str, Any] = json.loads(ran.out)
    assert (told["records"], told["added"], told["failed"]) == (2, 1, 1)
    assert told["problems"] == [{"where": "line 2", "problem": "record: 'id' is a required property"}]
    again = await gavel(place, "cve", "import", "osv.jsonl")
    assert again.status == 1
    assert "unchanged" in again.out
    assert "line 2" in again.out


async def test_a_file_that_is_no_cve_dump_is_one_line(place: Path) -> None:
    ran = await gavel(place, "cve", "import", "nowhere.zip")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "gavel: Nothing more was imported. nowhere.zip could not be read (No such file or directory).\n"


async def test_a_mode_that_is_none_is_named_before_anything_starts(place: Path) -> None:
    ran = await gavel(place, "demo", "--once", "--mode", "quorum")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == (
        "gavel: There is no mode 'quorum'; there are: council, single, aggregation, aggregate, auto. "
        "Nothing was started.\n"
    )


async def test_a_scene_of_an_agent_that_is_none_is_named_before_anything_starts(place: Path) -> None:
    ran = await gavel(place, "demo", "--once", "--agent", "drifty")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("gavel: There is no scene for an agent 'drifty'; there are: ")
    assert ran.err.endswith("Nothing was started.\n")
