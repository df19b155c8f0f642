"""Small checks that compose into a schema. Messages have Slack's wording and point at the place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.local.slack.jsonvalues import is_list, is_object


@dataclass
class Report:
    """What was found wrong, in the form Slack puts into `response_metadata.messages`."""

    messages: list[str] = field(default_factory=list[str])
    ids: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Ids seen so far, by kind: they must be unique."""

    def add(self, problem: str, path: str) -> None:
        self.messages.append(f"[ERROR] {problem} [json-pointer:{path}]")

    def unique(self, kind: str, value: str, path: str) -> None:
        """Report `value` if it was seen before."""
        seen = self.ids.setdefault(kind, set())
        if value in seen:
            self.add(f"{kind} already exists: {value}", path)
        seen.add(value)


Check = Callable[[object, str, Report], None]
"""Looks at a value found at a JSON pointer and reports what Slack would refuse."""


def string(*, most: int | None = None, least: int = 0) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: object, path: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add("must be a string", path)
        elif len(value) < least:
            report.add(f"must be more than {least - 1} characters", path)
        elif most is not None and len(value) > most:
            report.add(f"must be less than {most + 1} characters", path)

    return check


def identifier(kind: str) -> Check:
    """An id of up to 255 characters, unique among its kind."""
    length = string(most=255, least=1)

    def check(value: object, path: str, report: Report) -> None:
        length(value, path, report)
        if isinstance(value, str):
            report.unique(kind, value, path)

    return check


def boolean(value: object, path: str, report: Report) -> None:
    """`true` or `false`."""
    if not isinstance(value, bool):
        report.add("must be a boolean", path)


def number(value: object, path: str, report: Report) -> None:
    """A number; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        report.add("must be a number", path)


def whole(low: int, high: int) -> Check:
    """An integer between the two, both included."""

    def check(value: object, path: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            report.add("must be an integer", path)
        elif not low <= value <= high:
            report.add(f"must be between {low} and {high}", path)

    return check


def one_of(*allowed: str) -> Check:
    """One of the listed strings."""

    def check(value: object, path: str, report: Report) -> None:
        if value not in allowed:
            report.add(f"must be a valid enum value ({', '.join(allowed)})", path)

    return check


def array(item: Check, *, most: int, least: int = 1) -> Check:
    """A list of `least` to `most` items, each as `item` says."""

    def check(value: object, path: str, report: Report) -> None:
        if not is_list(value):
            report.add("must be an array", path)
            return
        if len(value) > most:
            report.add(f"no more than {most} items allowed", path)
        if len(value) < least:
            report.add(f"must provide at least {least} items", path)
        for index, each in enumerate(value):
            item(each, f"{path}/{index}", report)

    return check


def shape(
    required: Mapping[str, Check] | None = None,
    optional: Mapping[str, Check] | None = None,
    *,
    any_of: tuple[str, ...] = (),
) -> Check:
    """An object with these fields and no other. At least one of `any_of` must be there."""
    needed, known = dict(required or {}), {**(required or {}), **(optional or {})}

    def check(value: object, path: str, report: Report) -> None:
        if not is_object(value):
            report.add("must be an object", path)
            return
        for name in needed:
            if value.get(name) is None:
                report.add(f"missing required field: {name}", path)
        if any_of and not any(value.get(name) for name in any_of):
            report.add(f"missing required field: one of {', '.join(any_of)}", path)
        for name, found in value.items():
            inner = known.get(name)
            if inner is None:
                report.add(f"no more properties allowed: {name}", path)
            elif found is not None:
                inner(found, f"{path}/{name}", report)

    return check


def tagged(kinds: Mapping[str, Check], *, what: str) -> Check:
    """An object whose `type` chooses the check. Unknown types are refused."""

    def check(value: object, path: str, report: Report) -> None:
        if not is_object(value):
            report.add("must be an object", path)
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            report.add("missing required field: type", path)
        elif kind not in kinds:
            report.add(f"unsupported type: {kind} ({what})", f"{path}/type")
        else:
            kinds[kind](value, path, report)

    return check


def nested(*checks: Check) -> Check:
    """All of them."""

    def check(value: object, path: str, report: Report) -> None:
        for each in checks:
            each(value, path, report)

    return check


def anything(value: object, path: str, report: Report) -> None:
    """No claim: used for fields that Slack fills in itself when it returns a block."""
