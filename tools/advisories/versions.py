"""Version order by each ecosystem's own rules. Nowhere else in Gavel are two package versions compared."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, Self, cast

from packaging.version import Version as PypiVersion
from semver import Version as Semver
from univers.debian import Version as DebianVersion
from univers.maven import Version as MavenVersion
from univers.rpm import RpmVersion

MAX_VERSION_CHARS = 128
_PRINTABLE = re.compile(r"[!-~]+")
_DEBIAN = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?(?P<upstream>[0-9][0-9A-Za-z.+~-]*?)(?<!-)(?:-(?P<revision>[0-9A-Za-z.+~]+))?"
)
_RPM = re.compile(
    r"(?:(?P<epoch>[0-9]{1,9}):)?(?P<version>[0-9A-Za-z][0-9A-Za-z._+~^]*)(?:-(?P<release>[0-9A-Za-z._+~^]+))?"
)
_MAVEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]*")


class UnknownEcosystem(ValueError):
    """There are no rules here for the ecosystem's versions. Nothing is assumed of them."""


class UnreadableVersion(ValueError):
    """Not a version by the ecosystem's rules."""


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


# An attrs class, whose fields the type checker does not see.
_DebianParts = cast("Callable[[int, str, str], _Ordered]", DebianVersion)


def _semver(text: str) -> Semver:
    # Go writes v1.2.3; npm and crates.io do not. A missing minor or patch number is zero in all three.
    return Semver.parse(text.removeprefix("v"), optional_minor_and_patch=True)


def _debian(text: str) -> _Ordered:
    parts = _DEBIAN.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    return _DebianParts(int(parts["epoch"] or 0), parts["upstream"], parts["revision"] or "0")


def _rpm(text: str) -> RpmVersion:
    # The library would read any text as a version; one that is no [epoch:]version[-release] is not compared.
    parts = _RPM.fullmatch(text)
    if parts is None:
        raise ValueError(text)
    return RpmVersion(epoch=int(parts["epoch"] or 0), version=parts["version"], release=parts["release"] or "")


def _maven(text: str) -> MavenVersion:
    if not _MAVEN.fullmatch(text):
        raise ValueError(text)
    return MavenVersion(text)


_READERS: dict[str, Callable[[str], _Ordered]] = {
    "Debian": _debian,
    "Ubuntu": _debian,
    "AlmaLinux": _rpm,
    "Azure Linux": _rpm,
    "Mageia": _rpm,
    "Photon OS": _rpm,
    "Red Hat": _rpm,
    "Rocky Linux": _rpm,
    "SUSE": _rpm,
    "openEuler": _rpm,
    "openSUSE": _rpm,
    "PyPI": PypiVersion,
    "Go": _semver,
    "Hex": _semver,
    "crates.io": _semver,
    "npm": _semver,
    "Maven": _maven,
}
"""OSV's ecosystem, without its suffix → what reads a version of it."""

SEMVER_RULES = "npm"
"""An ecosystem whose rules are those of OSV ranges of type SEMVER."""


def base_of(ecosystem: str) -> str:
    """`Debian:12` → `Debian`: what stands before the first colon names the rules."""
    return ecosystem.partition(":")[0]


def knows(ecosystem: str) -> bool:
    return base_of(ecosystem) in _READERS


def compare_versions(ecosystem: str, first: str, second: str) -> int:
    """-1, 0 or 1 as `first` is older than, the same as or newer than `second`.

    Raises :class:`UnknownEcosystem` and :class:`UnreadableVersion`: versions are never compared as strings.
    """
    left, right = _read(ecosystem, first), _read(ecosystem, second)
    # `<` both ways, because two spellings of one version (1.0 and 1.00 in Debian) are unequal to some libraries.
    return -1 if left < right else 1 if right < left else 0


def require_readable(ecosystem: str, version: str) -> None:
    """Raises as :func:`compare_versions` does."""
    _read(ecosystem, version)


def _read(ecosystem: str, version: str) -> _Ordered:
    reader = _READERS.get(base_of(ecosystem))
    if reader is None:
        raise UnknownEcosystem(f"There are no version rules for the ecosystem {ecosystem[:80]!r}.")
    if len(version) > MAX_VERSION_CHARS or not _PRINTABLE.fullmatch(version):
        raise UnreadableVersion(f"Not a {base_of(ecosystem)} version: {version[:80]!r}.")
    try:
        return reader(version)
    except ValueError as error:
        raise UnreadableVersion(f"Not a {base_of(ecosystem)} version: {version[:80]!r}.") from error
