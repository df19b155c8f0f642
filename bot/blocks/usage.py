"""`/gavel usage` as a card: what was used, and what it cost as far as anybody knows."""

from __future__ import annotations

from collections.abc import Sequence

from bot.blocks.message import Message, compose, context, lines, section
from bot.blocks.text import code, inline
from bot.blocks.words import person, plural
from bot.budgets.left import left_words
from bot.budgets.limits import Standing
from bot.usage.query import ALERTS, Usage
from bot.usage.report import UsageReport, cache_words, cost_words

MOST_ROWS = 25


def usage_card(report: UsageReport, *, budgets: Sequence[Standing] = (), only_own: bool = False) -> Message:
    """`budgets`: today's of everybody and of the person who asks, as far as any is set. `only_own`: the person may not
    see other people's usage.
    """
    since = f"{report.since:%Y-%m-%d %H:%M} UTC"
    left = lines("Left of today's budgets (UTC)", [_left(one) for one in budgets]) if budgets else None
    if not report.total.calls:
        return compose(f"No model was called since {since}.", [section(f"No model was called since {since}."), left])
    said = f"Since {since}: {plural(report.total.calls, 'model call')}, cost {cost_words(report.total)}."
    rows = [_row(usage, report) for usage in report.rows]
    notes = [_tokens(report.total)]
    if len(rows) > MOST_ROWS:
        notes.append(f"{len(rows) - MOST_ROWS} more are in `gavel usage --by {report.by}`.")
    if (cache := cache_words(report.total)) is not None:
        notes.append(cache)
    if report.by == "team":
        notes.append("Who is in several teams counts in each.")
    if only_own:
        notes.append("This is your own. Other people's usage is for admins.")
    if report.total.unknown_costs:
        notes.append("A cost nobody knows is not zero: local, simulated and failed calls have none that is known.")
    return compose(said, [section(said), lines(f"By {report.by}", rows[:MOST_ROWS]), left, context(*notes)])


def _left(one: Standing) -> str:
    return f"{'Everybody' if one.scope.name == 'org' else 'You'}: {left_words(one)}"


def _row(usage: Usage, report: UsageReport) -> str:
    named = usage.name if usage.name == ALERTS else person(usage.name)
    name = named if report.by == "person" else code(usage.name, 80)
    failed = f", {usage.failed:,} failed" if usage.failed else ""
    return f"{name}: {plural(usage.calls, 'call')}{failed}, {_tokens(usage)}, {inline(cost_words(usage), 80)}"


def _tokens(usage: Usage) -> str:
    cached = f" ({usage.cached_tokens:,} of them cached)" if usage.cached_tokens else ""
    uncounted = f", {plural(usage.uncounted, 'call')} uncounted" if usage.uncounted else ""
    return f"{usage.prompt_tokens:,} tokens in{cached}, {usage.completion_tokens:,} out{uncounted}"
