"""The arithmetic of docs/scale.md: what was measured and what is assumed, and what follows from both.

`python -m tests.unit.docs.arithmetic` prints the page's tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

DAY, YEAR = 86_400, 365


@dataclass(frozen=True)
class Task:
    """One drift plan of a council of rehearsal models, approved and run: `make bench ARGS='-k scale'`."""

    entries: int = 76
    entry_bytes: int = 1_943
    """In PostgreSQL, with the indexes, the request log and the row of the task."""
    artifact_bytes: int = 60_764
    calls: int = 14
    tokens_in: int = 86_975
    tokens_out: int = 4_229
    history_bytes: int = 477_899
    """Of its Temporal history, encrypted."""
    worker_seconds: float = 2.27
    """Of a processor, as the next four."""
    temporal_seconds: float = 0.63
    bot_seconds: float = 0.11
    opa_seconds: float = 0.024
    postgres_seconds: float = 0.051

    @property
    def sql_bytes(self) -> int:
        return self.entries * self.entry_bytes + self.artifact_bytes


SLACK_CALLS: Mapping[str, int] = MappingProxyType(
    {"usergroups.list": 11, "chat.update": 6, "conversations.replies": 11, "chat.startStream": 1, "chat.postMessage": 4}
)
"""Of one task. The last one is bounded by channel, not by workspace."""

SLACK_A_MINUTE: Mapping[str, int] = MappingProxyType(
    {"usergroups.list": 20, "chat.update": 50, "conversations.replies": 50, "chat.startStream": 20}
)
"""Slack's tiers 2 and 3, of one app in one workspace."""

EVENTS_AN_HOUR = 30_000
"""That Slack sends to one app of one workspace."""


@dataclass(frozen=True)
class Assumed:
    engineers: int = 10_000
    requests_each: float = 0.5
    """A day, of one engineer."""
    alerts: int = 1_000_000
    """A day, repeats too."""
    alerts_an_episode: int = 100
    """Of one trouble, from its first alert to its end."""
    episodes_a_group: int = 5
    """Put together and looked into once, as far as storms' bounds let it be."""
    peak: int = 5
    """The busiest minute, by the average one."""
    entries_an_episode: int = 3
    """Heard, triaged, over."""
    alert_seconds: float = 0.04
    """Of a processor, for one alert, worker and Temporal together. An estimate: it was not measured."""
    usd_in: float = 3.0
    """For a million tokens, as the next one."""
    usd_out: float = 15.0
    usd_core_hour: float = 0.04
    usd_gb_month: float = 0.12
    retention_days: int = 3
    """Of Temporal's finished histories."""
    busy: float = 0.6
    """Of a processor, that is counted on."""

    @property
    def episodes(self) -> float:
        return self.alerts / self.alerts_an_episode

    @property
    def tasks(self) -> float:
        """A day."""
        return self.engineers * self.requests_each + self.episodes / self.episodes_a_group


def a_minute(assumed: Assumed) -> float:
    """Tasks, in the busiest minute."""
    return assumed.tasks / (DAY / 60) * assumed.peak


def load(task: Task, assumed: Assumed) -> Iterator[tuple[str, str]]:
    """What comes in, and what is kept of it."""
    alerts = assumed.alerts / DAY
    yield "tasks a day", f"{assumed.tasks:,.0f}"
    yield "tasks a minute, on average and at the peak", f"{assumed.tasks / 1440:.1f}, {a_minute(assumed):.1f}"
    yield "alerts a second, on average and at the peak", f"{alerts:.1f}, {alerts * assumed.peak:.0f}"
    entries = assumed.tasks * task.entries + assumed.episodes * assumed.entries_an_episode
    yield "entries of the ledger a second, at the peak", f"{entries / DAY * assumed.peak:.0f}"
    yield "entries of the ledger a year", f"{entries * YEAR / 1e6:,.0f} million"
    yield "SQL, a day and a year", f"{_sql(task, assumed) / 1e9:.1f} GB, {_sql(task, assumed) * YEAR / 1e9:,.0f} GB"
    kept = assumed.tasks * task.history_bytes * assumed.retention_days
    yield f"Temporal's histories of {assumed.retention_days} days", f"{kept / 1e9:.0f} GB"


def processors(task: Task, assumed: Assumed) -> Iterator[tuple[str, float]]:
    """How many are needed at the peak, part by part, each at most `busy`."""
    tasks = assumed.tasks / DAY * assumed.peak / assumed.busy
    alerts = assumed.alerts / DAY * assumed.peak / assumed.busy
    yield "workers", tasks * task.worker_seconds + alerts * assumed.alert_seconds / 2
    yield "Temporal", tasks * task.temporal_seconds + alerts * assumed.alert_seconds / 2
    yield "bots", tasks * task.bot_seconds
    yield "PostgreSQL", tasks * task.postgres_seconds
    yield "OPA", tasks * task.opa_seconds


def slack(assumed: Assumed) -> Iterator[tuple[str, float, float]]:
    """Method → how many tasks a minute its limit allows, and what share of the peak that is."""
    for method, limit in SLACK_A_MINUTE.items():
        allowed = limit / SLACK_CALLS[method]
        yield method, allowed, allowed / a_minute(assumed)


def dollars(task: Task, assumed: Assumed) -> Iterator[tuple[str, float]]:
    """What a year costs."""
    each = (task.tokens_in * assumed.usd_in + task.tokens_out * assumed.usd_out) / 1e6
    cores = sum(number for _, number in processors(task, assumed))
    yield "models", each * assumed.tasks * YEAR
    yield "processors", cores * 24 * YEAR * assumed.usd_core_hour
    yield "disks of SQL, at the end of the first year", _sql(task, assumed) * YEAR / 1e9 * assumed.usd_gb_month * 12


def _sql(task: Task, assumed: Assumed) -> float:
    """Bytes a day."""
    return assumed.tasks * task.sql_bytes + assumed.episodes * assumed.entries_an_episode * task.entry_bytes


def premises(task: Task, assumed: Assumed) -> Iterator[tuple[str, str]]:
    """What all of it rests on."""
    yield "engineers, each with so many requests a day", f"{assumed.engineers:,}, {assumed.requests_each:g}"
    yield (
        "alerts a day; of one trouble; troubles put together",
        (f"{assumed.alerts:,}; {assumed.alerts_an_episode}; {assumed.episodes_a_group}"),
    )
    yield "the busiest minute, by the average one", f"{assumed.peak}"
    yield (
        "entries of a task, and bytes of each in PostgreSQL with all that belongs to it",
        (f"{task.entries}, {task.entry_bytes:,}"),
    )
    yield (
        "bytes of a task's artifacts, and of its history in Temporal",
        (f"{task.artifact_bytes:,}, {task.history_bytes:,}"),
    )
    yield "calls of models for a task, tokens in and out", f"{task.calls}, {task.tokens_in:,}, {task.tokens_out:,}"
    yield (
        "seconds of a processor for a task: worker, Temporal, bot, PostgreSQL, OPA",
        (
            f"{task.worker_seconds:g}, {task.temporal_seconds:g}, {task.bot_seconds:g}, {task.postgres_seconds:g}, "
            f"{task.opa_seconds:g}"
        ),
    )
    yield "seconds of a processor for an alert", f"{assumed.alert_seconds:g}"
    yield "dollars for a million tokens in and out", f"{assumed.usd_in:g}, {assumed.usd_out:g}"
    yield "dollars for a processor's hour, a gigabyte's month", f"{assumed.usd_core_hour:g}, {assumed.usd_gb_month:g}"


def tables(task: Task, assumed: Assumed) -> list[list[str]]:
    """The page's tables, in order, as lines of Markdown without their heads."""
    return [
        [f"| {what} | {value} |" for what, value in premises(task, assumed)],
        [f"| {what} | {value} |" for what, value in load(task, assumed)],
        [f"| {part} | {number:.2f} |" for part, number in processors(task, assumed)],
        [
            f"| `{method}` | {SLACK_CALLS[method]} | {SLACK_A_MINUTE[method]} | {allowed:.1f} | {100 * share:.0f} % |"
            for method, allowed, share in slack(assumed)
        ],
        [f"| {what} | ${cost:,.0f} |" for what, cost in dollars(task, assumed)],
    ]


if __name__ == "__main__":
    for rows in tables(Task(), Assumed()):
        print("\n".join(rows), end="\n\n")
