"""What came before what. Pure: the same rows give the same answer, in whatever order they come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tools.contracts.incident import Alert, ChangeEvent, LogLine
from tools.incident.models import Relation

NEAREST: tuple[Relation, ...] = ("same_asset", "same_site", "same_fleet")


@dataclass(frozen=True)
class Place:
    """Where an asset belongs, as far as it says which others a change of it may touch."""

    site: str | None
    fleet: tuple[str, str] | None
    """(environment, image family)."""


@dataclass(frozen=True)
class Onset:
    """When an alert's trouble began."""

    at: datetime
    first_error: LogLine | None
    error_lines: int
    """Of the alert's asset, from the onset on."""


@dataclass(frozen=True)
class Related:
    """One change, by its event that is nearest to the alert."""

    event: ChangeEvent
    relation: Relation
    lead: timedelta
    changed_assets: int
    changed_then_ill: int
    association: float

    @property
    def preceded(self) -> bool:
        return self.lead > timedelta(0)

    @property
    def harm(self) -> float:
        """The share of what it touched that fell ill afterwards."""
        return self.changed_then_ill / self.changed_assets if self.changed_assets else 0.0


@dataclass(frozen=True)
class Elsewhere:
    """What the changes in a :class:`Picture` did where it does not look: whom they left well counts too."""

    alerts: Sequence[Alert] = ()
    lines: Sequence[LogLine] = ()
    events: Sequence[ChangeEvent] = ()


@dataclass
class Picture:
    """Everything that was seen in the time looked at."""

    alerts: Sequence[Alert]
    lines: Sequence[LogLine]
    """Errors only."""
    events: Sequence[ChangeEvent]
    places: Mapping[str, Place]
    lookback: timedelta
    elsewhere: Elsewhere = field(default_factory=Elsewhere)
    _by_reference: dict[str, list[ChangeEvent]] = field(init=False, default_factory=dict[str, list[ChangeEvent]])
    _lines_of: dict[str, list[LogLine]] = field(init=False, default_factory=dict[str, list[LogLine]])
    _troubles: dict[str, list[datetime]] = field(init=False, default_factory=dict[str, list[datetime]])
    _far: dict[str, list[ChangeEvent]] = field(init=False, default_factory=dict[str, list[ChangeEvent]])
    _fell: dict[str, datetime] = field(init=False, default_factory=dict[str, datetime])
    """Asset → its first error or alert, elsewhere too."""

    def __post_init__(self) -> None:
        by_reference, lines_of = defaultdict[str, list[ChangeEvent]](list), defaultdict[str, list[LogLine]](list)
        troubles = defaultdict[str, list[datetime]](list)
        for event in sorted(self.events, key=lambda event: (event.at, event.id)):
            by_reference[event.reference].append(event)
        for line in sorted(self.lines, key=lambda line: (line.at, line.id)):
            lines_of[line.asset_id].append(line)
            troubles[line.asset_id].append(line.at)
        for alert in self.alerts:
            if alert.asset_id is not None:
                troubles[alert.asset_id].append(alert.raised_at)
        self._by_reference, self._lines_of, self._troubles = dict(by_reference), dict(lines_of), dict(troubles)
        for event in sorted(self.elsewhere.events, key=lambda event: (event.at, event.id)):
            self._far.setdefault(event.reference, []).append(event)
        moments = [(line.asset_id, line.at) for line in self.elsewhere.lines]
        moments += [(alert.asset_id, alert.raised_at) for alert in self.elsewhere.alerts if alert.asset_id is not None]
        moments += self.onsets().items()
        for asset_id, at in moments:
            self._fell[asset_id] = min(at, self._fell.get(asset_id, at))

    def onsets(self) -> dict[str, datetime]:
        """Asset → its first error or alert."""
        return {asset_id: min(moments) for asset_id, moments in self._troubles.items()}

    def onset_of(self, alert: Alert) -> Onset:
        """The first error of the alert's asset within the lookback before the alert, else the alert itself."""
        lines = self._lines_of.get(alert.asset_id, []) if alert.asset_id is not None else []
        earlier = [line for line in lines if alert.raised_at - self.lookback <= line.at <= alert.raised_at]
        at = earlier[0].at if earlier else alert.raised_at
        since = sum(line.at >= at for line in lines)
        return Onset(at=at, first_error=earlier[0] if earlier else None, error_lines=since)

    def related_to(self, alert: Alert, onset: datetime) -> list[Related]:
        """What preceded first; nearest, then best associated, then latest. Later changes of its place at the end."""
        found = [
            related
            for events in self._by_reference.values()
            if (related := self._related(alert, onset, events)) is not None
        ]
        return sorted(found, key=_rank)

    def unrelated_before(self, alert: Alert, onset: datetime) -> int:
        """References with events in the lookback, none of which is near the alert."""
        return sum(
            any(onset - self.lookback <= event.at < onset for event in events)
            and all(self._relation(alert, event) is None for event in events)
            for events in self._by_reference.values()
        )

    def _related(self, alert: Alert, onset: datetime, events: Sequence[ChangeEvent]) -> Related | None:
        near = [
            (relation, event)
            for event in events
            if (relation := self._relation(alert, event)) is not None and event.at >= onset - self.lookback
        ]
        if not near:
            return None
        best = min(NEAREST.index(relation) for relation, _ in near)
        nearest = [event for relation, event in near if NEAREST.index(relation) == best]
        before = [event for event in nearest if event.at < onset]
        event = before[-1] if before else nearest[0]
        changed, ill = self._changed_then_ill([*events, *self._far.get(event.reference, [])])
        reached = len(changed | set(self._troubles))
        return Related(
            event=event,
            relation=NEAREST[best],
            lead=onset - event.at,
            changed_assets=len(changed),
            changed_then_ill=ill,
            association=ill / reached if reached else 0.0,
        )

    def _changed_then_ill(self, events: Iterable[ChangeEvent]) -> tuple[set[str], int]:
        first_change: dict[str, datetime] = {}
        for event in events:
            if event.asset_id is not None:
                first_change.setdefault(event.asset_id, event.at)
        # An asset that was ill before the change did not fall ill of it.
        ill = sum(asset in self._fell and self._fell[asset] > at for asset, at in first_change.items())
        return set(first_change), ill

    def _relation(self, alert: Alert, event: ChangeEvent) -> Relation | None:
        if alert.asset_id is not None and event.asset_id == alert.asset_id:
            return "same_asset"
        here = self.places.get(alert.asset_id or "", Place(site=alert.site, fleet=None))
        there = self.places.get(event.asset_id or "", Place(site=event.site, fleet=None))
        if here.site is not None and here.site == there.site:
            return "same_site"
        return "same_fleet" if here.fleet is not None and here.fleet == there.fleet else None


def likely_cause(related: Sequence[Related]) -> Related | None:
    """The change that the data single out; None when they single out none.

    On the same asset, before the onset, at least half of what it touched fell ill afterwards, and no other change
    with these properties is as well associated, came nearer before the onset, or left a smaller share of what it
    touched well. Where they differ each speaks against the other: a rollout that reached every ill machine of a small
    environment would else be taken for what made each of them ill.
    """
    eligible = [
        one
        for one in related
        if one.preceded and one.relation == "same_asset" and 2 * one.changed_then_ill >= one.changed_assets > 0
    ]
    if not eligible:
        return None
    best = max(one.association for one in eligible)
    leading = [one for one in eligible if one.association == best]
    nearest, strictest = min(one.lead for one in eligible), max(one.harm for one in eligible)
    cause = leading[0]
    return cause if len(leading) == 1 and cause.lead == nearest and cause.harm == strictest else None


def _rank(related: Related) -> tuple[bool, int, float, timedelta, str]:
    return (
        not related.preceded,
        NEAREST.index(related.relation),
        -related.association,
        abs(related.lead),
        related.event.reference,
    )
