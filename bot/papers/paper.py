"""A file that Gavel hands out, and what it is made from. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.blocks.text import clean, one_line
from bot.redaction import redact
from tools.contracts.common import JsonObject

MOST_CHARACTERS = 4_000_000
"""Of one file. What is beyond it is said to be left out, and the ledger has it."""

CELL_CHARACTERS = 32_000
"""Excel takes 32,767 in one cell."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""A cell that begins so is a formula to a spreadsheet, or may become one (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Recorded:
    """One entry of the ledger, whole."""

    seq: int
    kind: str
    actor: str
    at: str
    body: JsonObject
    """Redacted. What stands in it is untrusted."""


@dataclass(frozen=True)
class Paper:
    """A file. Make it with :meth:`of` or :meth:`table`."""

    name: str
    """Tells what it is of and, by a part of its digest, which: the same content has the same name."""
    title: str
    data: bytes

    @classmethod
    def of(cls, stem: str, extension: str, *, title: str, text: str) -> Paper:
        """Redacted once more on its way out, cut to :data:`MOST_CHARACTERS`, without characters that hide or reorder
        what is read."""
        return cls._made(stem, extension, title, "\n".join(clean(line) for line in redact(text).text.split("\n")))

    @classmethod
    def table(cls, stem: str, *, title: str, rows: Iterable[Sequence[str]]) -> Paper:
        """CSV that a spreadsheet may open: like :meth:`of`, but cell by cell, so that what looks like a secret never
        takes the end of its cell along."""
        written = io.StringIO()
        writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([cell(value) for value in row] for row in rows)
        return cls._made(stem, "csv", title, written.getvalue())

    @classmethod
    def _made(cls, stem: str, extension: str, title: str, shown: str) -> Paper:
        if len(shown) > MOST_CHARACTERS:
            shown = (
                f"{shown[:MOST_CHARACTERS]}\n… more than fits into this file was left out. The ledger has all of it.\n"
            )
        data = shown.encode()
        return cls(f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}.{extension}", title, data)


def cell(text: str) -> str:
    """A value as text and nothing else, whatever opens it: redacted, on one line, and no formula.

    What it begins with is looked at last: an invisible character before a `=` is gone by then."""
    shown = one_line(redact(one_line(text)).text)[:CELL_CHARACTERS]
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
