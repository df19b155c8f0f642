"""A file that Gavel hands out, and what it is made from. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.blocks.text import clean
from bot.redaction import redact
from tools.contracts.common import JsonObject

MOST_CHARACTERS = 4_000_000
"""Of one file. What is beyond it is said to be left out, and the ledger has it."""


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
    """A file. Make it with :meth:`of`."""

    name: str
    """Tells what it is of and, by a part of its digest, which: the same content has the same name."""
    title: str
    data: bytes

    @classmethod
    def of(cls, stem: str, extension: str, *, title: str, text: str) -> Paper:
        """Redacted once more on its way out, cut to :data:`MOST_CHARACTERS`, without characters that hide or reorder
        what is read."""
        shown = "\n".join(clean(line) for line in redact(text).text.split("\n"))
        if len(shown) > MOST_CHARACTERS:
            shown = (
                f"{shown[:MOST_CHARACTERS]}\n… more than fits into this file was left out. The ledger has all of it.\n"
            )
        data = shown.encode()
        return cls(f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}.{extension}", title, data)
