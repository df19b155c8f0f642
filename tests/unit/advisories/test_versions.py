"""Versions are ordered by their ecosystem's rules, or not at all."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.advisories.versions import UnknownEcosystem, UnreadableVersion, compare_versions, knows

ASCENDING: dict[str, list[str]] = {
    # Debian Policy 5.6.12: a tilde sorts before the end of the part, letters before other characters, epochs first.
    "Debian:12": [
        "1.0~~",
        "1.0~~a",
        "1.0~",
        "1.0",
        "1.0-1~deb12u1",
        "1.0-1",
        "1.0-1+deb12u1",
        "1.0-1+deb12u2",
        "1.0-1+deb12u10",
        "1.0a",
        "1.0+b",
        "1.0.1",
        "1.10",
        "1:0.1",
        "2:0",
    ],
    "Ubuntu:24.04:LTS": ["1:9.6p1-3ubuntu1", "1:9.6p1-3ubuntu13", "1:9.6p1-3ubuntu13.3", "1:9.6p1-3ubuntu13.12"],
    # rpmvercmp: numbers beat letters, a tilde sorts first, a caret after the end but before anything that goes on.
    "Rocky Linux:9": [
        "1.0~rc1-1",
        "1.0-1",
        "1.0^20240101-1",
        "1.0.a-1",
        "1.0.1-1",
        "1.0.1-1.el9",
        "1.0.1-1.el9_4",
        "1.0.1-1.el9_4.1",
        "1.0.1-2.el9",
        "1.0.10-1.el9",
        "1.1-1.el9",
        "1:0.1-1",
    ],
    "PyPI": ["1.0.dev1", "1.0a1", "1.0b2", "1.0rc1", "1.0", "1.0+local", "1.0.post1", "1.1", "1.10", "1!0.1"],
    # semver.org, 11.4
    "npm": [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.2",
        "1.0.10",
        "1.10.0",
        "2.0.0",
    ],
    "Go": ["v0.9.0", "v0.10.0", "v0.17.0-pre", "v0.17.0", "v1.0.0"],
    "Maven": [
        "2.0-alpha1",
        "2.0-beta9",
        "2.0-rc1",
        "2.0-SNAPSHOT",
        "2.0",
        "2.0-sp",
        "2.0.1",
        "2.9.1",
        "2.14.1",
        "2.15.0",
    ],
}
SAME: list[tuple[str, str, str]] = [
    ("Debian:12", "1.0", "0:1.0-0"),
    ("Debian:12", "1.0", "1.00"),
    ("Rocky Linux:9", "0:8.7p1-38.el9", "8.7p1-38.el9"),
    ("Rocky Linux:9", "1.0.01-1", "1.0.1-1"),
    ("PyPI", "1.0", "1.0.0"),
    ("PyPI", "1.0RC1", "1.0rc1"),
    ("npm", "1.0.0+build.1", "1.0.0+build.2"),
    ("Go", "v1.2.3", "1.2.3"),
    ("Maven", "1.0", "1"),
]


@pytest.mark.parametrize(
    ("ecosystem", "older", "newer"),
    [
        (ecosystem, older, newer)
        for ecosystem, versions in ASCENDING.items()
        for older, newer in itertools.pairwise(versions)
    ],
)
def test_published_orderings_hold(ecosystem: str, older: str, newer: str) -> None:
    assert compare_versions(ecosystem, older, newer) == -1
    assert compare_versions(ecosystem, newer, older) == 1


@pytest.mark.parametrize(("ecosystem", "one", "other"), SAME)
def test_two_spellings_of_one_version_are_one(ecosystem: str, one: str, other: str) -> None:
    assert compare_versions(ecosystem, one, other) == compare_versions(ecosystem, other, one) == 0


def test_order_as_text_would_be_another() -> None:
    for versions in ASCENDING.values():
        assert sorted(versions) != versions


def joined(numbers: list[int], mark: str = "", tail: str = "", epoch: str = "") -> str:
    return f"{epoch}{'.'.join(map(str, numbers))}{mark}{tail}"


numbers = st.lists(st.integers(0, 400), min_size=1, max_size=3)
debian = st.builds(
    joined,
    numbers,
    st.sampled_from(["", "~rc1", "+dfsg", "p1"]),
    st.sampled_from(["", "-1", "-1ubuntu2", "-1~bpo1", "-10+deb12u3"]),
    st.sampled_from(["", "0:", "1:"]),
)
rpm = st.builds(
    joined,
    numbers,
    st.sampled_from(["", "~rc1", "^git1", "p1"]),
    st.sampled_from(["-1", "-1.el9", "-38.el9_4.1", "-2.el9"]),
)
semver = st.builds(
    joined,
    st.lists(st.integers(0, 30), min_size=3, max_size=3),
    st.sampled_from(["", "-alpha", "-alpha.1", "-rc.10", "-0"]),
)
pypi = st.builds(joined, numbers, st.sampled_from(["", "a1", "rc2", ".post1", ".dev3"]))
maven = st.builds(joined, numbers, st.sampled_from(["", "-alpha", "-beta9", "-rc1", "-SNAPSHOT"]))
triples = st.one_of(
    st.tuples(st.just("Debian:12"), debian, debian, debian),
    st.tuples(st.just("Rocky Linux:9"), rpm, rpm, rpm),
    st.tuples(st.just("npm"), semver, semver, semver),
    st.tuples(st.just("PyPI"), pypi, pypi, pypi),
    st.tuples(st.just("Maven"), maven, maven, maven),
)


@given(triples)
def test_every_order_is_total(given_triple: tuple[str, str, str, str]) -> None:
    ecosystem, a, b, c = given_triple
    assert compare_versions(ecosystem, a, a) == 0
    assert compare_versions(ecosystem, a, b) == -compare_versions(ecosystem, b, a)
    if compare_versions(ecosystem, a, b) <= 0 and compare_versions(ecosystem, b, c) <= 0:
        assert compare_versions(ecosystem, a, c) <= 0


@given(debian, st.integers(1, 5))
def test_an_epoch_outranks_whatever_follows_it(version: str, epoch: int) -> None:
    plain = version.partition(":")[2] or version
    assert compare_versions("Debian", f"{epoch + 1}:0", f"{epoch}:{plain}") == 1


@given(debian)
def test_a_tilde_comes_before_the_version_it_is_added_to(version: str) -> None:
    assert compare_versions("Debian", f"{version}~", version) == -1


@given(semver)
def test_build_metadata_orders_nothing(version: str) -> None:
    assert compare_versions("npm", f"{version}+{'9' * 9}", version) == 0


@pytest.mark.parametrize(
    ("ecosystem", "version"),
    [
        ("Debian", ""),
        ("Debian", "1.0-"),
        ("Debian", "x1"),
        ("Debian", "1.0 2"),
        ("Debian", "1" * 200),
        ("Rocky Linux", "((("),
        ("Rocky Linux", "x:1-1"),
        ("Rocky Linux", "1-1-1"),
        ("PyPI", "latest"),
        ("npm", "1.2.3.4"),
        ("npm", "1.x"),
        ("Maven", ""),
        ("Maven", "1 OR 1=1"),
        ("npm", "１.2.3"),
        ("PyPI", "1.0\n"),
    ],
)
def test_what_is_no_version_is_not_compared(ecosystem: str, version: str) -> None:
    with pytest.raises(UnreadableVersion):
        compare_versions(ecosystem, version, "1")


@given(
    st.sampled_from(["Debian", "Rocky Linux", "PyPI", "npm", "Go", "Maven"]),
    st.text(max_size=200),
    st.text(max_size=40),
)
def test_any_text_is_compared_or_refused(ecosystem: str, first: str, second: str) -> None:
    with contextlib.suppress(UnreadableVersion):
        assert compare_versions(ecosystem, first, second) in (-1, 0, 1)


def test_an_ecosystem_without_rules_is_not_guessed_at() -> None:
    assert not knows("Flatcar")
    with pytest.raises(UnknownEcosystem, match="Flatcar"):
        compare_versions("Flatcar", "1.0", "2.0")
