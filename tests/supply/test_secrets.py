"""A secret that slipped in is found, in the files and in what was committed once. It is told by its place only."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from tests.supply.looking import NotDone, run
from tests.supply.secrets import KNOWN, look_for_secrets

# Made here: no scanner may take this file for a leak.
TOKEN = "ghp_" + sha256(b"gavel").hexdigest()[:36]


async def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    ran = await run(["git", *identity, *arguments], cwd=root)
    assert ran.status == 0, ran.err


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    await git(tmp_path, "init", "--quiet")
    (tmp_path / "README.md").write_text("# Nothing to see\n")
    await git(tmp_path, "add", ".")
    await git(tmp_path, "commit", "--quiet", "-m", "one")
    return tmp_path


def plant(root: Path, token: str = TOKEN) -> None:
    (root / "bot").mkdir()
    (root / "bot" / "settings.py").write_text(f'TOKEN = "{token}"\n')


async def test_where_there_is_none_nothing_is_found(root: Path) -> None:
    files, history = await look_for_secrets(root)
    assert (files.at, files.found) == ("1 files", ())
    assert (history.at, history.found) == ("1 commits", ())


async def test_a_secret_that_is_not_committed_yet_is_found_and_not_shown(root: Path) -> None:
    plant(root)
    files, history = await look_for_secrets(root)
    assert files.found == ("bot/settings.py:1: github-pat",)
    assert history.found == ()
    assert TOKEN not in str(files)


async def test_a_secret_that_was_taken_out_again_is_still_in_the_history(root: Path) -> None:
    plant(root)
    await git(root, "add", ".")
    await git(root, "commit", "--quiet", "-m", "two")
    await git(root, "rm", "--quiet", "-r", "bot")
    await git(root, "commit", "--quiet", "-m", "three")
    files, history = await look_for_secrets(root)
    assert files.found == ()
    (told,) = history.found
    assert told.startswith("bot/settings.py:1: github-pat, in commit ")


async def test_a_linked_worktree_has_the_same_history(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    plant(root)
    await git(root, "add", ".")
    await git(root, "commit", "--quiet", "-m", "two")
    linked = tmp_path_factory.mktemp("linked") / "tree"
    await git(root, "worktree", "add", "--quiet", "-b", "other", str(linked))
    files, history = await look_for_secrets(linked)
    assert (len(files.found), len(history.found)) == (1, 1)


async def test_what_git_does_not_take_is_not_looked_at(root: Path) -> None:
    plant(root)
    (root / ".gitignore").write_text("bot/\n")
    files, _ = await look_for_secrets(root)
    assert files.found == ()


async def test_what_is_known_to_be_none_does_not_count_and_nothing_else_is_known(root: Path) -> None:
    plant(root, KNOWN[0])
    files, _ = await look_for_secrets(root)
    assert files.found == ()
    (root / "bot" / "settings.py").write_text(f'TOKEN = "{TOKEN}"\n')
    files, _ = await look_for_secrets(root)
    assert len(files.found) == 1


async def test_a_shallow_clone_says_that_the_rest_was_not_looked_at(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (root / "more").write_text("more\n")
    await git(root, "add", ".")
    await git(root, "commit", "--quiet", "-m", "two")
    shallow = tmp_path_factory.mktemp("shallow") / "tree"
    await git(root, "clone", "--quiet", "--depth", "1", root.as_uri(), str(shallow))
    _, history = await look_for_secrets(shallow)
    assert history.at == "1 commits (this clone is shallow: the rest was NOT looked at)"


async def test_of_a_copy_without_git_the_files_are_looked_at(tmp_path: Path) -> None:
    plant(tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "settings.py").write_text(f'TOKEN = "{TOKEN}"\n')
    (tmp_path / ".gitignore").write_text(".venv/\n*.pyc\n")
    (files,) = await look_for_secrets(tmp_path)
    assert files.found == ("bot/settings.py:1: github-pat",)


async def test_an_empty_repository_is_not_one_that_was_looked_at(tmp_path: Path) -> None:
    await git(tmp_path, "init", "--quiet")
    with pytest.raises(NotDone):
        await look_for_secrets(tmp_path)
