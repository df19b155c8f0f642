"""The fenced blocks of a page, and what becomes of each: run, read, or known not to be run here and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"])

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n]*)\n(?P<body>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)

NOT_RUN: dict[str, str] = {
    r"make \w": "it installs or starts things; that the target exists is checked",
    r"(\.venv/bin/)?gavel (up|worker)\b": "it runs until it is stopped; tests/whole does",
    r"(\.venv/bin/)?gavel demo\b": "tests/unit/stack and `make bench` play it",
    r"(\.venv/bin/)?gavel (eval|keys set|keys rotate|cve import)\b": "it needs models, a key or a dump",
    r"docker (compose|build)\b": "there need be no docker where the tests run; `make deploy` reads the files",
    r"kubectl ": "there is no cluster; `make deploy` reads the manifests",
    r"(pg_dump|pg_restore|rsync|curl|openssl|export|pip|git|sudo|python -m)\b": "not Gavel's",
}
"""What starts like this is not run, and why. A command of Gavel's is still held to its names and options."""


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    file: str
    """Where it is written, below the page's directory; empty: nowhere."""
    body: str


@dataclass(frozen=True)
class Command:
    text: str
    expected: tuple[str, ...]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        language, _, file = found["info"].strip().partition(" ")
        indent = len(found["indent"])
        body = "".join(line[indent:] for line in found["body"].splitlines(keepends=True))
        yield Block(page, text.count("\n", 0, found.start()) + 1, language, file, body)


def commands(block: Block) -> Iterator[Command]:
    """`$ command`, with the lines below it up to the next."""
    for part in re.split(r"^\$ ", block.body, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        while first.endswith("\\"):
            first = f"{first[:-1]} {rest.pop(0).strip()}"
        yield Command(first.split(" #")[0].strip(), tuple(line.strip() for line in rest if line.strip()))


def why_not_run(command: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if re.match(start, command)), None)


def said(expected: str, output: str) -> bool:
    """Whether the output has this line's words in this order. `…` stands for anything."""
    pieces = [r"\s+".join(re.escape(word) for word in piece.split()) for piece in expected.split("…")]
    return re.search(r"[\s\S]*?".join(pieces), output) is not None
