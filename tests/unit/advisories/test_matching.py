"""OSV's evaluation, recomputed by counting, and its third answer."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.advisories.matching import judge
from tools.contracts.advisory import Advisory, AffectedPackage, AffectedRange, Package, RangeEvent

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
Kind = Literal["introduced", "fixed", "last_affected", "limit"]


def about(*affected: AffectedPackage, withdrawn: bool = False) -> Advisory:
    return Advisory(
        id="X-1", names=["X-1"], modified=WHEN, withdrawn=WHEN if withdrawn else None, affected=list(affected)
    )


def line(*events: tuple[Kind, str], kind: Literal["ECOSYSTEM", "SEMVER"] = "ECOSYSTEM") -> AffectedRange:
    return AffectedRange(type=kind, events=[RangeEvent(kind=what, version=version) for what, version in events])


def package(version: str, *, name: str = "ws", ecosystem: str = "npm") -> Package:
    return Package(ecosystem=ecosystem, name=name, version=version)


def entry(*ranges: AffectedRange, name: str = "ws", ecosystem: str = "npm", **more: list[str] | int) -> AffectedPackage:
    return AffectedPackage.model_validate({"ecosystem": ecosystem, "name": name, "ranges": list(ranges), **more})


WS = about(
    entry(
        line(("introduced", "8.0.0"), ("fixed", "8.17.1"), kind="SEMVER"),
        line(("introduced", "7.0.0"), ("fixed", "7.5.10"), kind="SEMVER"),
    )
)


@pytest.mark.parametrize(
    ("version", "state", "fixed"),
    [
        ("8.16.0", "affected", "8.17.1"),
        ("8.17.0", "affected", "8.17.1"),
        ("8.17.1", "unaffected", None),
        ("8.9.0", "affected", "8.17.1"),
        ("7.5.9", "affected", "7.5.10"),
        ("7.5.10", "unaffected", None),
        ("6.99.99", "unaffected", None),
        ("8.17.1-rc.1", "affected", "8.17.1"),
        ("10.0.0", "unaffected", None),
    ],
)
def test_ws_is_vulnerable_where_its_advisory_says(version: str, state: str, fixed: str | None) -> None:
    found = judge(WS, package(version))
    assert (found.state, found.fixed_version) == (state, fixed)


@given(
    events=st.lists(
        st.tuples(st.sampled_from(["introduced", "fixed"]), st.integers(1, 12)),
        min_size=1,
        max_size=6,
        unique_by=lambda event: event[1],
    ),
    from_zero=st.booleans(),
    version=st.integers(0, 13),
    chance=st.randoms(use_true_random=False),
)
def test_a_timeline_is_what_walking_it_step_by_step_gives(
    events: list[tuple[Kind, int]], from_zero: bool, version: int, chance: Random
) -> None:
    vulnerable = from_zero
    at = {number: kind for kind, number in events}
    for number in range(1, version + 1):
        vulnerable = {"introduced": True, "fixed": False}.get(at.get(number, ""), vulnerable)
    written: list[tuple[Kind, str]] = [(kind, f"{number}.0.0") for kind, number in events]
    if from_zero:
        written.append(("introduced", "0"))
    chance.shuffle(written)
    found = judge(about(entry(line(*written))), package(f"{version}.0.0"))
    assert found.state == ("affected" if vulnerable else "unaffected")
    fixes = [number for kind, number in events if kind == "fixed" and number > version]
    assert found.fixed_version == (f"{min(fixes)}.0.0" if vulnerable and fixes else None)


def test_the_last_affected_version_is_affected_and_the_next_is_not() -> None:
    advisory = about(entry(line(("introduced", "0"), ("last_affected", "2.1.0"))))
    assert [judge(advisory, package(version)).state for version in ("0.0.1", "2.1.0", "2.1.1")] == [
        "affected",
        "affected",
        "unaffected",
    ]


def test_a_limit_bounds_a_range() -> None:
    advisory = about(entry(line(("introduced", "1.0.0"), ("limit", "2.0.0"))))
    assert [judge(advisory, package(version)).state for version in ("1.9.0", "2.0.0")] == ["affected", "unaffected"]
    endless = about(entry(line(("introduced", "1.0.0"), ("limit", "*"))))
    assert judge(endless, package("99.0.0")).state == "affected"


def test_a_listed_version_is_affected_even_if_no_rule_reads_it() -> None:
    advisory = about(entry(ecosystem="Flatcar", name="curl", versions=["8.1.2"]))
    assert judge(advisory, package("8.1.2", name="curl", ecosystem="Flatcar")).state == "affected"
    assert judge(advisory, package("8.1.3", name="curl", ecosystem="Flatcar")).state == "unaffected"


@pytest.mark.parametrize(
    ("advisory", "installed", "said"),
    [
        (about(entry(line(("introduced", "0"), ("fixed", "9")), ecosystem="Flatcar")), "1", "no version rules"),
        (about(entry(line(("introduced", "0"), ("fixed", "9.0.0")))), "latest", "Not a npm version: 'latest'"),
        (about(entry(line(("introduced", "0"), ("fixed", "soon")))), "1.0.0", "Not a npm version: 'soon'"),
        (about(entry(unreadable_ranges=1)), "1.0.0", "commits"),
        (about(entry()), "1.0.0", "no versions"),
    ],
)
def test_what_cannot_be_told_is_unknown_and_says_why(advisory: Advisory, installed: str, said: str) -> None:
    ecosystem = advisory.affected[0].ecosystem
    found = judge(advisory, package(installed, ecosystem=ecosystem))
    assert found.state == "unknown"
    assert said in found.reason


def test_one_readable_entry_that_says_affected_outweighs_a_doubt() -> None:
    advisory = about(entry(unreadable_ranges=1), entry(line(("introduced", "0"))))
    assert judge(advisory, package("1.0.0")).state == "affected"


def test_a_doubt_outweighs_an_entry_that_says_unaffected() -> None:
    advisory = about(entry(line(("introduced", "2.0.0"))), entry(unreadable_ranges=1))
    assert judge(advisory, package("1.0.0")).state == "unknown"


def test_a_withdrawn_advisory_is_about_nothing() -> None:
    assert judge(about(entry(line(("introduced", "0"))), withdrawn=True), package("1.0.0")).state == "unaffected"


def test_the_package_is_told_by_ecosystem_and_name() -> None:
    bookworm = about(entry(line(("introduced", "0"), ("fixed", "5")), ecosystem="Debian:12", name="redis"))
    assert judge(bookworm, package("1", ecosystem="Debian:12", name="redis")).state == "affected"
    assert judge(bookworm, package("1", ecosystem="Debian:13", name="redis")).state == "unaffected"
    assert judge(bookworm, package("1", ecosystem="Debian:12", name="redis-tools")).state == "unaffected"
    everywhere = about(entry(line(("introduced", "0")), ecosystem="Debian", name="redis"))
    assert judge(everywhere, package("1", ecosystem="Debian:12", name="redis")).state == "affected"
    pypi = about(entry(line(("introduced", "0")), ecosystem="PyPI", name="Ruamel.YAML"))
    assert judge(pypi, package("1", ecosystem="PyPI", name="ruamel-yaml")).state == "affected"


def test_a_distributions_range_is_read_by_its_rules() -> None:
    noble = about(
        entry(line(("introduced", "0"), ("fixed", "1:9.6p1-3ubuntu13.3")), ecosystem="Ubuntu:24.04:LTS", name="openssh")
    )
    states = {
        version: judge(noble, package(version, ecosystem="Ubuntu:24.04:LTS", name="openssh")).state
        for version in ("1:9.6p1-3ubuntu13", "1:9.6p1-3ubuntu13.3", "1:9.6p1-3ubuntu13.12", "9.9p1-1")
    }
    # As text, 13.12 comes before 13.3; and without its epoch 9.9p1 is older than 1:9.6p1.
    assert list(states.values()) == ["affected", "unaffected", "unaffected", "affected"]
