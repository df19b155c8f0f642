"""Draws the image pipeline: the bases, the org's standard, and what the tests of each image said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.local.estate.cves import COMMON, DEBIAN, FLATCAR, ROCKY, TELNET, UBUNTU
from bot.local.estate.draw_images import DrawnImage
from tools.contracts.common import JsonObject
from tools.contracts.estate import ImageStatus

HARDENING = ["auditd_enabled", "kernel_sysctl_cis", "ssh_no_root_login"]
AGENTS = {"node-exporter": ["prometheus-node-exporter", "node-exporter"]}
DENIED = ["netcat", "rsh-server", TELNET, "telnetd", "tftpd"]


@dataclass(frozen=True)
class Base:
    family: str
    version: str
    os_name: str
    os_version: str
    ecosystem: str
    platforms: frozenset[str]
    cis_level: int
    status: ImageStatus
    end_of_life: datetime | None


_MACHINES = frozenset({"aws", "azure", "gcp", "vsphere"})
BASES = (
    Base(
        "ubuntu-24-04",
        "1.4.0",
        "ubuntu",
        "24.04",
        UBUNTU,
        _MACHINES,
        2,
        "production",
        datetime(2029, 5, 31, tzinfo=UTC),
    ),
    Base(
        "ubuntu-20-04",
        "1.9.2",
        "ubuntu",
        "20.04",
        "Ubuntu:20.04:LTS",
        _MACHINES,
        2,
        "deprecated",
        datetime(2025, 5, 31, tzinfo=UTC),
    ),
    Base("debian-12", "1.2.1", "debian", "12", DEBIAN, _MACHINES, 2, "production", datetime(2028, 6, 30, tzinfo=UTC)),
    Base("rocky-9", "1.6.0", "rocky", "9", ROCKY, _MACHINES, 2, "production", datetime(2032, 5, 31, tzinfo=UTC)),
    Base("flatcar-3975", "1.0.3", "flatcar", "3975", FLATCAR, frozenset({"k8s"}), 1, "production", None),
)


def base_images(*, now: datetime) -> list[tuple[Base, DrawnImage]]:
    """The bases as images of the estate. No machine runs one as it is."""
    return [
        (
            base,
            DrawnImage(
                id=f"img-{base.family}-{base.version}",
                family=base.family,
                version=base.version,
                os_name=base.os_name,
                os_version=base.os_version,
                cis_level=base.cis_level,
                signed=True,
                status=base.status,
                created_at=now - timedelta(days=30 + number),
                packages=COMMON[base.os_name] if base.status == "production" else (),
            ),
        )
        for number, base in enumerate(BASES)
    ]


def base_image_rows(bases: list[tuple[Base, DrawnImage]], *, org: str) -> list[JsonObject]:
    return [
        {
            "org_id": org,
            "image_id": image.id,
            "ecosystem": base.ecosystem,
            "cis_level": base.cis_level,
            "end_of_life": base.end_of_life,
        }
        for base, image in bases
    ]


def image_standard_row(*, org: str, neighbor: bool) -> JsonObject:
    return {
        "org_id": org,
        "cis_level": 2 if neighbor else 1,
        "hardening": HARDENING,
        "agents": AGENTS,
        "denied_packages": DENIED,
        "blocking_rating": "high",
        "max_age_days": 120,
    }


def image_check_rows(images: list[DrawnImage], *, org: str) -> list[JsonObject]:
    """A candidate that is not signed yet has only been started once."""
    rows: list[JsonObject] = []
    for image in images:
        denied = sorted(package.name for package in image.packages if package.name in DENIED)
        results = {"boot": "starts on every platform"}
        if image.signed:
            results |= dict.fromkeys(HARDENING, "in force")
            results |= {"agent_node-exporter": "runs", "denied_packages": ", ".join(denied) or "none is installed"}
        rows.extend(
            {
                "org_id": org,
                "image_id": image.id,
                "name": name,
                "passed": not (denied and name == "denied_packages"),
                "observed": observed,
                "at": image.created_at + timedelta(hours=1),
            }
            for name, observed in results.items()
        )
    return rows
