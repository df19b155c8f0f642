"""What the sample images carry: real packages, the real vulnerabilities of their older versions, and what fixed them.

The advisories are in `advisories.jsonl`, in OSV format: the identifiers, fixed versions and CVSS vectors are those
that the databases publish; the wording is Gavel's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tools.advisories.osv import parse_json, read_record
from tools.contracts.advisory import Advisory, Package

UBUNTU = "Ubuntu:24.04:LTS"
DEBIAN = "Debian:12"
ROCKY = "Rocky Linux:9"
FLATCAR = "Flatcar"
"""OSV has no such ecosystem: of its packages nothing can be told."""

LOG4J = "org.apache.logging.log4j:log4j-core"
TELNET = "telnet"
"""The image standard denies it; the oldest web image still has it."""


@cache
def bundled_advisories() -> list[Advisory]:
    """The advisories that the sample estate comes with."""
    lines = Path(__file__).with_name("advisories.jsonl").read_bytes().splitlines()
    return [read_record(parse_json(line)).advisory for line in lines]


@dataclass(frozen=True)
class Patched:
    """A package of an image family: the version its older images carry, and the one its newer ones do."""

    ecosystem: str
    package: str
    old: str
    new: str
    cves: tuple[str, ...]
    """Of the old version; the new one has none of them."""


PATCHES: dict[str, tuple[Patched, ...]] = {
    "web-base": (
        Patched(UBUNTU, "nghttp2", "1.59.0-1build4", "1.59.0-1ubuntu0.2", ("CVE-2024-28182",)),
        Patched(UBUNTU, "openssh", "1:9.6p1-3ubuntu13", "1:9.6p1-3ubuntu13.12", ("CVE-2024-6387",)),
        Patched(UBUNTU, "curl", "8.5.0-2ubuntu10", "8.5.0-2ubuntu10.6", ("CVE-2024-7264",)),
        Patched("npm", "ws", "8.16.0", "8.18.0", ("CVE-2024-37890",)),
    ),
    "api-base": (
        Patched(UBUNTU, "openssh", "1:9.6p1-3ubuntu13", "1:9.6p1-3ubuntu13.12", ("CVE-2024-6387",)),
        Patched(UBUNTU, "openssl", "3.0.13-0ubuntu3", "3.0.13-0ubuntu3.5", ("CVE-2024-6119",)),
        Patched("PyPI", "urllib3", "2.2.1", "2.2.3", ("CVE-2024-37891",)),
    ),
    "worker-base": (
        Patched("Maven", LOG4J, "2.14.1", "2.24.3", ("CVE-2021-44228", "CVE-2021-45046")),
        Patched(DEBIAN, "sudo", "1.9.13p3-1+deb12u1", "1.9.13p3-1+deb12u2", ("CVE-2025-32462",)),
    ),
    "db-base": (
        Patched(ROCKY, "postgresql", "0:13.18-1.el9_5", "0:13.20-1.el9_5", ("CVE-2025-1094",)),
        Patched(ROCKY, "openssh", "0:8.7p1-38.el9_4.4", "0:8.7p1-45.el9", ("CVE-2025-26465",)),
    ),
    "cache-base": (Patched(DEBIAN, "redis", "5:7.0.15-1~deb12u4", "5:7.0.15-1~deb12u6", ("CVE-2025-49844",)),),
    "queue-base": (Patched(ROCKY, "openssh", "0:8.7p1-38.el9", "0:8.7p1-45.el9", ("CVE-2024-6387", "CVE-2025-26465")),),
    "node-base": (Patched("Go", "golang.org/x/net", "v0.13.0", "v0.23.0", ("CVE-2023-39325",)),),
}


def _packages(ecosystem: str, **versions: str) -> tuple[Package, ...]:
    return tuple(
        Package(ecosystem=ecosystem, name=name.replace("_", "-"), version=version) for name, version in versions.items()
    )


COMMON: dict[str, tuple[Package, ...]] = {
    "ubuntu": _packages(
        UBUNTU,
        bash="5.2.21-2ubuntu4",
        chrony="4.5-1ubuntu4.2",
        audit="1:3.1.2-2.1build1.1",
        prometheus_node_exporter="1.7.0-1ubuntu0.3",
    ),
    "debian": _packages(
        DEBIAN,
        bash="5.2.15-2+b7",
        openssh="1:9.2p1-2+deb12u7",
        chrony="4.3-2+deb12u1",
        audit="1:3.0.9-1",
        prometheus_node_exporter="1.5.0-1+b6",
    ),
    "rocky": _packages(
        ROCKY,
        bash="0:5.1.8-9.el9",
        chrony="0:4.5-3.el9",
        audit="0:3.1.5-1.el9",
        prometheus_node_exporter="0:1.7.0-1.el9",
    ),
    "flatcar": _packages(FLATCAR, curl="8.1.2", audit="3.1.1", prometheus_node_exporter="1.8.2"),
}
"""Of every image of an operating system, whatever its version."""
