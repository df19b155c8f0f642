"""Numbers, times and people in words, the same on every card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.blocks.text import code, inline

_USER = re.compile(r"[UW][A-Z0-9]{1,20}")


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 asset`, `12 assets`, `1,200 assets`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def percent(value: float) -> str:
    """`20 %`, `5.6 %`, `<0.1 %` (escaped)."""
    if 0 < value < 0.1:
        return "under 0.1 %"
    rounded = round(value, 1)
    return f"{int(rounded) if rounded == int(rounded) else rounded} %"


def share(part: float) -> str:
    """A fraction from 0 to 1 in percent. Never rounds up to 100 or down to 0."""
    if 0.99 < part < 1:
        return "over 99 %"
    return percent(part * 100) if part < 0.01 else f"{round(part * 100)} %"


def duration(seconds: float) -> str:
    """`45 s`, `10 min`, `2 h 30 min`, `3 d`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    days, rest = divmod(whole, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, left = divmod(rest, 60)
    named = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in [pair for pair in named if pair[0]][:2])


def money(usd: float | None) -> str:
    """None is unknown, which is not zero."""
    if usd is None:
        return "cost unknown"
    return f"${usd:.2f}" if usd >= 0.01 or usd == 0 else "under $0.01"


def when(moment: datetime) -> str:
    """A moment in the reader's own time zone (Slack date format); UTC where Slack cannot."""
    utc = moment.astimezone(UTC)
    return f"<!date^{int(utc.timestamp())}^{{date_short_pretty}} {{time}}|{utc:%Y-%m-%d %H:%M} UTC>"


def when_plain(moment: datetime) -> str:
    """The same for plain text: dialogs, notifications."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def person(user: str) -> str:
    """A person whom Slack authenticated, as a mention; anything else (`alert:…`) as code."""
    return f"<@{user}>" if _USER.fullmatch(user) else code(user)


def short_digest(digest: str) -> str:
    """Enough of a digest to compare by eye: `sha256:` and 12 hex digits, as code."""
    return code(digest[:19])


def some(names: Sequence[str], *, show: int = 5) -> str:
    """The first few identifiers as code, and how many more."""
    shown = ", ".join(code(name, 64) for name in names[:show])
    more = len(names) - show
    return f"{shown} and {more:,} more" if more > 0 else shown


def quoted(text: str, limit: int = 300) -> str:
    """Someone's words, on one line, in quotes."""
    return f"“{inline(text, limit)}”"


def sentence(text: str) -> str:
    """Somebody's words so that more may follow them: with a full stop, unless they end in some such mark."""
    said = text.rstrip()
    if not said or said[-1] in ".!?…":
        return said
    # Of escaped words the last semicolon may be an entity's.
    return f"{said}." if said.endswith(("&amp;", "&lt;", "&gt;")) else f"{said.rstrip(',;:')}."


def either(options: Sequence[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"


def each(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
