"""What a server's tool is called in Gavel, and what a stranger's words become before anybody reads them."""

from __future__ import annotations

import re
import unicodedata

PREFIX = "mcp"
LONGEST = 64
"""Of a tool's name, at the providers that take the shortest."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def registry_name(server: str, tool: str) -> str:
    """`mcp__<server>__<tool>`: the dots that would part them are not allowed in a tool's name by every provider."""
    return f"{PREFIX}__{server}__{_NOT_IN_A_NAME.sub('_', tool)}"


def plain(text: str, *, at_most: int) -> str:
    """One line of what a stranger wrote: nothing that hides, no markup's brackets, cut where it is too long."""
    clear = text[: at_most * 4]
    seen = "".join(" " if each.isspace() else each for each in clear if each.isspace() or _shows(each))
    line = " ".join(seen.replace("<", "(").replace(">", ")").split())
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"


def hides(text: str) -> bool:
    """Whether there is something in it that people do not see and models read."""
    return not all(character == " " or _shows(character) for character in text)


def _shows(character: str) -> bool:
    if character.isascii():
        return character.isprintable()
    if character in _BLANK or "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef":
        return False
    return unicodedata.category(character) not in _DROPPED


_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that look like nothing. The others are variation selectors, which can spell out any text."""
