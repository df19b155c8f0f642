"""Secrets that slipped in: the files as they stand, and every commit that led to them. Kingfisher looks, offline.

What it finds is told by its place and never shown.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from pydantic import BaseModel, ValidationError

from tests.supply.looking import TOOLS, Looked, NotDone, run

KNOWN = ("ghp_16C7e42F292c6912E7710c838347Ae178B4a",)
"""Look like secrets and are none. GitHub's own documentation has this one; the tests have it from there."""

_FOUND, _NOTHING = 200, 0
"""How Kingfisher ends when it could look."""


class _Rule(BaseModel):
    name: str


class _Commit(BaseModel):
    id: str


class _Git(BaseModel):
    commit: _Commit


class _Place(BaseModel):
    path: str
    line: int
    git_metadata: _Git | None = None


class _Finding(BaseModel):
    rule: _Rule
    finding: _Place


class _Scanned(BaseModel):
    blobs_scanned: int


class _Metadata(BaseModel):
    summary: _Scanned


class _Reach(BaseModel):
    fetched_commit_count: int


class _Repository(BaseModel):
    git: _Reach | None = None


class _Audit(BaseModel):
    repositories: list[_Repository]


class _Report(BaseModel):
    findings: list[_Finding]
    metadata: _Metadata
    audit: _Audit


async def look_for_secrets(root: Path, *, known: tuple[str, ...] = KNOWN) -> list[Looked]:
    """Of the files, then of as much of the history as is here; `root` is absolute.

    Raises :class:`NotDone`, also where a part of them was not looked at.
    """
    here = (await run(["git", "rev-parse", "--git-dir"], cwd=root)).status == 0
    names = await _tracked(root) if here else await asyncio.to_thread(_below, root)
    files = await _files(root, names, known)
    return [files, await _history(root, known)] if here else [files]


async def _tracked(root: Path) -> list[str]:
    """What git has or would add: what is written here and not committed yet, too."""
    listed = await _git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    return sorted({name for name in listed.split("\0") if name and (root / name).is_file()})


def _below(root: Path) -> list[str]:
    """Of a copy without git: all but what .gitignore has as directories."""
    ignored = [line.rstrip("/") for line in (root / ".gitignore").read_text("utf-8").splitlines() if line.endswith("/")]
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in ignored)]
        found += [str((Path(folder) / name).relative_to(root)) for name in files]
    return sorted(found)


async def _files(root: Path, names: list[str], known: tuple[str, ...]) -> Looked:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "tree"
        await asyncio.to_thread(_copy, root, copy, names)
        report = await _scan(copy, known, "--git-history", "none")
    if report.metadata.summary.blobs_scanned < len(names):
        raise NotDone(f"of {len(names)} files {report.metadata.summary.blobs_scanned} were looked at")
    return Looked(at=f"{len(names)} files", found=tuple(_told(each, Path(folder) / "tree") for each in report.findings))


async def _history(root: Path, known: tuple[str, ...]) -> Looked:
    commits = int(await _git(root, "rev-list", "--count", "HEAD"))
    shallow = (await _git(root, "rev-parse", "--is-shallow-repository")).strip() != "false"
    with tempfile.TemporaryDirectory() as folder:
        # A clone of its own, packed: of a linked worktree Kingfisher would see no history, and loose objects as files.
        clone = Path(folder) / "history.git"
        await _git(root, "clone", "--quiet", "--bare", "--single-branch", root.as_uri(), str(clone))
        report = await _scan(clone, known)
    seen = sum(each.git.fetched_commit_count for each in report.audit.repositories if each.git is not None)
    if seen < commits:
        raise NotDone(f"of {commits} commits {seen} were looked at")
    part = " (this clone is shallow: the rest was NOT looked at)" if shallow else ""
    return Looked(at=f"{commits} commits{part}", found=tuple(_told(each, clone) for each in report.findings))


async def _scan(place: Path, known: tuple[str, ...], *options: str) -> _Report:
    ran = await run(
        [
            # Whether a secret is in use is never tried, and nothing is sent anywhere.
            *(TOOLS / "kingfisher", "scan", place, "--no-validate", "--no-update-check", "--redact"),
            *("--format", "json", "--rule-cache-dir", TOOLS.parent / "rules", *options),
            *(option for each in known for option in ("--skip-regex", f"^{re.escape(each)}$")),
        ]
    )
    try:
        # Its report is one line; a summary follows.
        report = _Report.model_validate_json(ran.out.partition("\n")[0])
    except ValidationError as error:
        raise NotDone(f"Kingfisher gave no report: {ran.last_words}") from error
    if ran.status != (_FOUND if report.findings else _NOTHING):
        raise NotDone(f"Kingfisher ended with {ran.status}: {ran.last_words}")
    return report


def _told(each: _Finding, place: Path) -> str:
    git = each.finding.git_metadata
    path = each.finding.path.removeprefix(f"{place}/")
    return f"{path}:{each.finding.line}: {each.rule.name}{'' if git is None else f', in commit {git.commit.id[:12]}'}"


def _copy(root: Path, copy: Path, names: list[str]) -> None:
    for name in names:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, copy / name)


async def _git(root: Path, *arguments: str) -> str:
    ran = await run(["git", *arguments], cwd=root)
    if ran.status != 0:
        raise NotDone(f"git {arguments[0]} failed: {ran.last_words}")
    return ran.out
