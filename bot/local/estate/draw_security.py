"""Draws what can be reached: as intended for each role, with a few mistakes of the kind that scanners find."""

from __future__ import annotations

from random import Random

from bot.local.estate.cves import LOG4J
from bot.local.estate.draw_assets import DrawnAsset
from tools.contracts.common import JsonObject

ANYWHERE = "0.0.0.0/0"
INSIDE = "10.0.0.0/8"
PARTNER = "198.51.100.0/24"

_SSH = (22, "ssh", INSIDE, ("openssh",))
INTENDED: dict[str, tuple[tuple[int, str, str, tuple[str, ...]], ...]] = {
    "web": ((443, "https", ANYWHERE, ("nghttp2", "ws")), _SSH),
    "api": ((8443, "https", INSIDE, ("openssl", "urllib3")), (8443, "https", PARTNER, ("openssl", "urllib3")), _SSH),
    "worker": ((9000, "jobs", INSIDE, (LOG4J,)), _SSH),
    "db": ((5432, "postgresql", INSIDE, ("postgresql",)), _SSH),
    "cache": ((6379, "redis", INSIDE, ("redis",)), _SSH),
    "queue": ((5672, "amqp", INSIDE, ()), _SSH),
    "node": ((10250, "kubelet", INSIDE, ("golang.org/x/net",)),),
}
"""Role → port, service, from where, and the packages that answer there."""

DEPENDENCIES = (
    ("web", "api", "hard"),
    ("api", "db", "hard"),
    ("api", "cache", "soft"),
    ("api", "queue", "soft"),
    ("worker", "db", "hard"),
    ("worker", "queue", "hard"),
)


def listener_rows(random: Random, assets: list[DrawnAsset], *, org: str) -> list[JsonObject]:
    opened = {asset.id for asset in random.sample([asset for asset in assets if asset.role.name != "node"], 3)}
    caches = [asset for asset in assets if asset.role.name == "cache"]
    exposed_cache = random.choice(caches).id
    rows: list[JsonObject] = []
    for asset in assets:
        for port, service, source, packages in INTENDED[asset.role.name]:
            mistaken = (service == "ssh" and asset.id in opened) or (service == "redis" and asset.id == exposed_cache)
            rows.append(
                {
                    "org_id": org,
                    "asset_id": asset.id,
                    "port": port,
                    "protocol": "tcp",
                    "source": ANYWHERE if mistaken else source,
                    "service": service,
                    "packages": list(packages),
                }
            )
    return rows


def dependency_rows(*, org: str, neighbor: bool) -> list[JsonObject]:
    """The neighbor's web servers have a cache of their own: a leak of its rows would show."""
    known = (*DEPENDENCIES, ("web", "cache", "hard")) if neighbor else DEPENDENCIES
    return [{"org_id": org, "service": service, "depends_on": needed, "kind": kind} for service, needed, kind in known]
