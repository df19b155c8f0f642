"""Draws the machines: where they stand, what they run, which of them have drifted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.local.estate.draw_images import DrawnImage
from bot.local.estate.fleets import CLUSTERS, DEVELOPMENT_SITES, ENVIRONMENTS, NODE, ROLES, SITES, Role, Site
from tools.contracts.common import Environment, JsonObject, Platform

DRIFTED_SHARE = (0.12, 0.30)
"""Of a fleet's machines, from and to."""
PRODUCTION_WEB_DRIFTED = (8, 28)
"""Machines, from and to: the fleet that the main job is about."""


@dataclass
class DrawnAsset:
    name: str
    environment: Environment
    site: Site
    role: Role
    image_version: str
    state: str
    instance_id: str
    discovered_at: datetime
    updated_at: datetime
    heartbeat: bool = True
    http_ok: bool = True
    error_rate_percent: float = 0.3

    @property
    def id(self) -> str:
        """Within its org an asset is known by its name; the key of every row is the org and this."""
        return self.name

    @property
    def platform(self) -> Platform:
        return self.site.platform

    def row(self, org: str) -> JsonObject:
        return {
            "org_id": org,
            "id": self.id,
            "environment": self.environment,
            "platform": self.site.platform,
            "account": self.site.account,
            "region": self.site.region,
            "site": self.site.id,
            "instance_id": self.instance_id,
            "name": self.name,
            "image_family": self.role.family,
            "image_version": self.image_version,
            "state": self.state,
            "tags": {"role": self.role.name, "tier": self.role.tier, "owner": self.role.owner},
            "discovered_at": self.discovered_at,
            "updated_at": self.updated_at,
        }

    def health_row(self, org: str) -> JsonObject:
        return {
            "org_id": org,
            "asset_id": self.id,
            "heartbeat": self.heartbeat,
            "http_ok": self.http_ok,
            "error_rate_percent": self.error_rate_percent,
        }


def golden_of(images: list[DrawnImage]) -> DrawnImage:
    """The newest signed production image of a family."""
    return next(image for image in images if image.signed and image.status == "production")


def draw_assets(random: Random, images: dict[str, list[DrawnImage]], *, org: str, now: datetime) -> list[DrawnAsset]:
    """Every machine on its golden image, then drift, then the few that are stopped or ill."""
    assets = [
        asset
        for environment in ENVIRONMENTS
        for role, site in _standings(environment)
        for asset in _fleet(random, role, site, environment, golden_of(images[role.family]), org=org, now=now)
    ]
    _stop_some(random, assets)
    _make_ill(random, assets)
    for environment in ENVIRONMENTS:
        for role in (*ROLES, NODE):
            fleet = [asset for asset in assets if asset.environment == environment and asset.role == role]
            _drift(random, fleet, images[role.family], now=now)
    return assets


def _standings(environment: Environment) -> list[tuple[Role, Site]]:
    """Which role has machines where."""
    pairs = [(role, site) for role in ROLES for site in SITES] + [(NODE, site) for site in CLUSTERS]
    return [(role, site) for role, site in pairs if environment != "development" or site.id in DEVELOPMENT_SITES]


def _fleet(
    random: Random, role: Role, site: Site, environment: Environment, golden: DrawnImage, *, org: str, now: datetime
) -> list[DrawnAsset]:
    fewest, most = role.counts[environment]
    fleet: list[DrawnAsset] = []
    for number in range(1, random.randint(fewest, most) + 1):
        name = f"{role.name}-{ENVIRONMENTS[environment]}-{site.code}-{number:02d}"
        rebuilt = min(now, golden.created_at + timedelta(hours=random.uniform(6, 72)))
        fleet.append(
            DrawnAsset(
                name=name,
                environment=environment,
                site=site,
                role=role,
                image_version=golden.version,
                state="running",
                instance_id=_instance_id(site, name, org=org),
                discovered_at=now - timedelta(days=random.randint(60, 500)),
                updated_at=rebuilt,
                error_rate_percent=round(random.uniform(0.0, 1.2), 2),
            )
        )
    return fleet


def _drift(random: Random, fleet: list[DrawnAsset], images: list[DrawnImage], *, now: datetime) -> None:
    """Some machines missed one or more rebuilds."""
    older = images[images.index(golden_of(images)) + 1 :]
    running = [asset for asset in fleet if asset.state == "running"]
    if not older or not running:
        return
    if running[0].role.name == "web" and running[0].environment == "production":
        count = random.randint(*PRODUCTION_WEB_DRIFTED)
    else:
        count = round(len(running) * random.uniform(*DRIFTED_SHARE))
    for asset in random.sample(running, count):
        # Most are one release behind; each further release is half as likely.
        image = random.choices(older, weights=[0.5**index for index in range(len(older))])[0]
        asset.image_version = image.version
        asset.updated_at = min(now, image.created_at + timedelta(hours=random.uniform(6, 72)))


def _stop_some(random: Random, assets: list[DrawnAsset]) -> None:
    for asset in random.sample(assets, max(1, len(assets) // 40)):
        asset.state = "stopped"
        asset.heartbeat = asset.http_ok = False


def _make_ill(random: Random, assets: list[DrawnAsset]) -> None:
    """A few run badly. None is a production web server: what is ill there comes by :meth:`SampleEstate.set_fault`."""
    others = [
        asset
        for asset in assets
        if asset.state == "running" and (asset.role.name, asset.environment) != ("web", "production")
    ]
    for asset in random.sample(others, 4):
        asset.http_ok = False
        asset.error_rate_percent = round(random.uniform(8, 30), 2)


def _instance_id(site: Site, name: str, *, org: str) -> str:
    serial = hashlib.sha256(f"{org}/{site.id}/{name}".encode()).hexdigest()
    match site.platform:
        case "aws":
            return f"i-0{serial[:16]}"
        case "azure":
            return f"/subscriptions/{site.account}/virtualMachines/{name}"
        case "gcp":
            return str(int(serial[:15], 16))
        case "vsphere":
            return f"vm-{int(serial[:4], 16)}"
        case "k8s":
            return f"node/{name}"
