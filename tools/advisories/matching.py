"""Is a package at this version what an advisory is about? OSV's evaluation, with a third answer: it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key
from typing import Literal

from packaging.utils import canonicalize_name

from tools.advisories.versions import (
    SEMVER_RULES,
    UnknownEcosystem,
    UnreadableVersion,
    base_of,
    compare_versions,
    require_readable,
)
from tools.contracts.advisory import Advisory, AffectedPackage, AffectedRange, Package, RangeEvent


@dataclass(frozen=True)
class Judgement:
    """`unknown` is not `unaffected`: it is shown with its reason."""

    state: Literal["affected", "unaffected", "unknown"]
    affected: AffectedPackage | None = None
    """The advisory's entry that decided."""
    fixed_version: str | None = None
    """The first fixed version after the package's own; None when none is published."""
    reason: str = ""
    """Of `unknown`."""


def package_key(ecosystem: str, name: str) -> str:
    """A package's name as it is looked up: PyPI's `Jinja2` and `jinja2` are one."""
    return canonicalize_name(name) if base_of(ecosystem) == "PyPI" else name


def concerns(affected: AffectedPackage, package: Package) -> bool:
    """The same package. An entry without a release (`Debian`) is about every release (`Debian:12`)."""
    same_place = affected.ecosystem in (package.ecosystem, base_of(package.ecosystem))
    return same_place and package_key(affected.ecosystem, affected.name) == package_key(package.ecosystem, package.name)


def judge(advisory: Advisory, package: Package) -> Judgement:
    """OSV's `IsVulnerable`. What cannot be compared makes it `unknown`, unless another entry says `affected`."""
    if advisory.withdrawn is not None:
        return Judgement("unaffected")
    doubts: list[Judgement] = []
    for affected in advisory.affected:
        if not concerns(affected, package):
            continue
        found = _judge_entry(affected, package)
        if found.state == "affected":
            return found
        if found.state == "unknown":
            doubts.append(found)
    return doubts[0] if doubts else Judgement("unaffected")


def _judge_entry(affected: AffectedPackage, package: Package) -> Judgement:
    if package.version in affected.versions:
        return Judgement("affected", affected, _fix_after(affected, package))
    reasons: list[str] = []
    for timeline in affected.ranges:
        rules = SEMVER_RULES if timeline.type == "SEMVER" else package.ecosystem
        try:
            if _in_range(timeline, package.version, rules):
                return Judgement("affected", affected, _fix_after(affected, package))
        except (UnknownEcosystem, UnreadableVersion) as error:
            reasons.append(str(error))
    if affected.unreadable_ranges:
        reasons.append("It names commits, not versions.")
    elif not affected.ranges and not affected.versions:
        reasons.append("It names no versions.")
    return Judgement("unknown", affected, reason=reasons[0]) if reasons else Judgement("unaffected")


def _in_range(timeline: AffectedRange, version: str, rules: str) -> bool:
    require_readable(rules, version)
    limits = [event.version for event in timeline.events if event.kind == "limit" and event.version != "*"]
    if limits and all(compare_versions(rules, version, limit) >= 0 for limit in limits):
        return False
    vulnerable = False
    for event in _in_order(timeline, rules):
        order = 1 if _from_the_start(event) else compare_versions(rules, version, event.version)
        if event.kind == "introduced" and order >= 0:
            vulnerable = True
        elif (event.kind == "fixed" and order >= 0) or (event.kind == "last_affected" and order > 0):
            vulnerable = False
    return vulnerable


def _in_order(timeline: AffectedRange, rules: str) -> list[RangeEvent]:
    """Events by version; at one version, a fix comes before a new introduction."""

    def compare(first: RangeEvent, second: RangeEvent) -> int:
        starts = _from_the_start(second) - _from_the_start(first)
        if starts or (_from_the_start(first) and _from_the_start(second)):
            return starts
        by_version = compare_versions(rules, first.version, second.version)
        return by_version or (first.kind == "introduced") - (second.kind == "introduced")

    return sorted((event for event in timeline.events if event.kind != "limit"), key=cmp_to_key(compare))


def _from_the_start(event: RangeEvent) -> bool:
    """OSV: an introduction at `0` sorts before every version."""
    return event.kind == "introduced" and event.version == "0"


def _fix_after(affected: AffectedPackage, package: Package) -> str | None:
    """The lowest fixed version above the package's, over all ranges that can be read."""
    best: tuple[str, str] | None = None
    for timeline in affected.ranges:
        rules = SEMVER_RULES if timeline.type == "SEMVER" else package.ecosystem
        for event in timeline.events:
            if event.kind != "fixed":
                continue
            try:
                if compare_versions(rules, event.version, package.version) <= 0:
                    continue
                if best is None or compare_versions(rules, event.version, best[1]) < 0:
                    best = (rules, event.version)
            except (UnknownEcosystem, UnreadableVersion):
                continue
    return best[1] if best else None
