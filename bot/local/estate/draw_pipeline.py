"""Draws the image pipeline: the bases, the org's standard, and what the checks of each image said."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.local.estate.cves import COMMON, DEBIAN, FLATCAR, ROCKY, TELNET, UBUNTU
from bot.local.estate.draw_images import DrawnImage
from tools.contracts.common import JsonObject
from tools.contracts.image import IMAGE_CHECKS

MACHINES = ["aws", "azure", "gcp", "vsphere"]
AGENTS = ["audit", "prometheus-node-exporter"]
DENIED = [TELNET, "rsh-server", "xinetd"]

BASES: tuple[tuple[str, str, str, list[str], int, bool, datetime | None], ...] = (
    ("ubuntu", "24.04", UBUNTU, MACHINES, 2, True, datetime(2029, 5, 31, tzinfo=UTC)),
    ("ubuntu", "20.04", "Ubuntu:20.04:LTS", MACHINES, 2, False, datetime(2025, 5, 31, tzinfo=UTC)),
    ("debian", "12", DEBIAN, MACHINES, 2, True, datetime(2028, 6, 30, tzinfo=UTC)),
    ("rocky", "9", ROCKY, MACHINES, 2, True, datetime(2032, 5, 31, tzinfo=UTC)),
    ("centos", "7", "Red Hat", MACHINES, 1, False, datetime(2024, 6, 30, tzinfo=UTC)),
    ("flatcar", "3975", FLATCAR, ["k8s"], 1, True, None),
)
"""OS, version, ecosystem, platforms, highest CIS level, approved, end of life."""


def base_image_rows(*, org: str) -> list[JsonObject]:
    return [
        {
            "org_id": org,
            "id": f"base-{os_name}-{os_version}",
            "os_name": os_name,
            "os_version": os_version,
            "ecosystem": ecosystem,
            "platforms": platforms,
            "cis_level": cis_level,
            "approved": approved,
            "end_of_life": end_of_life,
            "packages": [package.model_dump() for package in COMMON.get(os_name, ())] if approved else [],
        }
        for os_name, os_version, ecosystem, platforms, cis_level, approved, end_of_life in BASES
    ]


def image_standard_row(*, org: str, neighbor: bool) -> JsonObject:
    return {
        "org_id": org,
        "cis_level": 2 if neighbor else 1,
        "agents": AGENTS,
        "denied_packages": DENIED,
        "blocking_rating": "high",
        "max_age_days": 120,
    }


def image_check_rows(images: list[DrawnImage], *, org: str) -> list[JsonObject]:
    """A candidate that is not signed yet has not been through all of them."""
    return [
        {
            "org_id": org,
            "image_id": image.id,
            "name": name,
            "passed": not denied or name != "denied_packages",
            "detail": f"{', '.join(denied)} is installed" if denied and name == "denied_packages" else "passed",
            "at": image.created_at + timedelta(hours=1),
        }
        for image in images
        for denied in [[package.name for package in image.packages if package.name in DENIED]]
        for name in (IMAGE_CHECKS if image.signed else IMAGE_CHECKS[:1])
    ]
