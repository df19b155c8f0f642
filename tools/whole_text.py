"""Text that can be sent, stored and digested: JSON can spell half a surrogate pair, and UTF-8 cannot."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")


def is_whole(text: str) -> bool:
    """Whether :func:`whole_text` gives it back as it is."""
    return _HALF.search(text) is None


def whole_text(text: str) -> str:
    """The same, with each half as U+FFFD. For the doors by which others' words come in; twice changes nothing more."""
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", text)
