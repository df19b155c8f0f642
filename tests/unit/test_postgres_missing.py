"""Where there is no PostgreSQL: CI fails, and anywhere else what needs one is left out and says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CONFTEST = """
from pathlib import Path

from tests import postgres
from tests.conftest import postgres_url

postgres.DEBIAN = Path("/nowhere")
"""

TEST = """
def test_that_needs_a_server(postgres_url):
    assert postgres_url
"""


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A test, on a machine that has no server: neither on PATH nor where Debian keeps it."""
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    (tmp_path / "test_one.py").write_text(TEST, "utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return tmp_path


def outcome(room: Path, **environment: str) -> tuple[int, str]:
    """The exit status of a run of its tests, and what it printed."""
    usual = {name: value for name, value in os.environ.items() if name not in ("CI", "GAVEL_TEST_POSTGRES_URL")}
    run = subprocess.run(
        (sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", "-p", "no:xdist"),
        cwd=room,
        env={**usual, "PATH": "", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def test_in_ci_it_is_a_failure(room: Path) -> None:
    status, said = outcome(room, CI="true")
    assert status == pytest.ExitCode.TESTS_FAILED, said
    assert "There is no PostgreSQL server on this machine: `make postgres`" in said
    assert "1 error" in said


def test_elsewhere_what_needs_one_is_skipped_and_says_what_is_missing(room: Path) -> None:
    status, said = outcome(room)
    assert status == pytest.ExitCode.OK, said
    assert "There is no PostgreSQL server on this machine: `make postgres`" in said
    assert "1 skipped" in said


def test_a_server_that_is_named_is_taken(room: Path) -> None:
    status, said = outcome(room, CI="true", GAVEL_TEST_POSTGRES_URL="postgresql://elsewhere/db")
    assert status == pytest.ExitCode.OK, said
    assert "1 passed" in said
