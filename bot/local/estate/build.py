"""Builds an image of the sample estate: the base's packages, what the contract pins, and the pipeline's tests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cmp_to_key

from sqlalchemy import select
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.image_tables import base_images, image_standards
from tools.advisories.versions import UnknownEcosystem, UnreadableVersion, compare_versions
from tools.connectors.base import EstateError
from tools.contracts.advisory import Package
from tools.contracts.common import JsonObject
from tools.contracts.pipeline import ImageContract, PackagePin

NEEDS = {"auditd_enabled": "audit"}
"""Hardening measure → the package without which it cannot be in force."""


@dataclass(frozen=True)
class Build:
    """A draft's rows, without their org."""

    image_id: str
    image: JsonObject
    packages: list[JsonObject]
    coordinates: list[JsonObject]
    checks: list[JsonObject]


def image_id_of(contract: ImageContract) -> str:
    return f"img-{contract.family}-{contract.version}"


async def draft_of(connection: AsyncConnection, org: str, contract: ImageContract, *, at: datetime) -> Build:
    """Raises `EstateError`: nothing was built."""
    image_id = image_id_of(contract)
    if await _image(connection, org, image_id) is not None:
        raise EstateError(f"There is an image {image_id} already. Nothing was built; choose another version.")
    base = await _base(connection, org, contract)
    packages = await _packages(connection, org, contract, base)
    results = {"boot": await _boots(connection, org, contract, base, at=at)}
    results |= dict(_measures(contract, packages, agents=await _agents(connection, org)))
    # The pipeline signs what passes every test, and nothing else.
    signed = not any(results.values())
    return Build(
        image_id=image_id,
        image={
            "id": image_id,
            "family": contract.family,
            "version": contract.version,
            "os_name": base["os_name"],
            "os_version": base["os_version"],
            "cis_level": contract.cis_level,
            "sbom_url": f"https://registry.example.com/sbom/{contract.family}/{contract.version}.spdx.json",
            "signed": signed,
            "status": "draft",
            "created_at": at,
        },
        packages=[
            {"image_id": image_id, "ecosystem": package.ecosystem, "package": package.name, "version": package.version}
            for package in packages
        ],
        coordinates=await _coordinates(connection, org, image_id, contract),
        checks=[
            {"image_id": image_id, "name": name, "passed": not amiss, "observed": amiss or "passed", "at": at}
            for name, amiss in results.items()
        ],
    )


async def _image(connection: AsyncConnection, org: str, image_id: str) -> RowMapping | None:
    image = tables.images.c
    found = await connection.execute(select(tables.images).where(image.org_id == org, image.id == image_id))
    return found.mappings().one_or_none()


async def _base(connection: AsyncConnection, org: str, contract: ImageContract) -> RowMapping:
    base, image = base_images.c, tables.images.c
    statement = (
        select(base_images, image.os_name, image.os_version, image.status)
        .join_from(base_images, tables.images, (image.org_id == base.org_id) & (image.id == base.image_id))
        .where(base.org_id == org, base.image_id == contract.base_image_id)
    )
    found = (await connection.execute(statement)).mappings().one_or_none()
    if found is None:
        raise EstateError(f"There is no base image {contract.base_image_id!r}. Nothing was built.")
    if found["status"] != "production":
        raise EstateError(f"The base image {contract.base_image_id} is {found['status']}. Nothing was built.")
    if (found["os_name"], found["os_version"]) != (contract.os_name, contract.os_version):
        raise EstateError(
            f"{contract.base_image_id} is {found['os_name']} {found['os_version']}, not {contract.os_name}"
            f" {contract.os_version}. Nothing was built."
        )
    if (contract.cis_level or 0) > found["cis_level"]:
        raise EstateError(f"{contract.base_image_id} reaches CIS level {found['cis_level']}. Nothing was built.")
    return found


async def _packages(connection: AsyncConnection, org: str, contract: ImageContract, base: RowMapping) -> list[Package]:
    """Those of the base, and each that the contract pins."""
    known = tables.image_packages.c
    statement = select(known.ecosystem, known.package, known.version).where(known.org_id == org)
    of_base = await connection.execute(statement.where(known.image_id == contract.base_image_id))
    chosen = {(row.ecosystem, row.package): row.version for row in of_base}
    for pin in contract.packages:
        rows = await connection.execute(statement.where(known.package == pin.name).distinct())
        offered: dict[str, list[str]] = {}
        for row in rows:
            offered.setdefault(row.ecosystem, []).append(row.version)
        ecosystem = base["ecosystem"] if base["ecosystem"] in offered else next(iter(sorted(offered)), "")
        chosen[ecosystem, pin.name] = _pinned(pin, ecosystem, offered.get(ecosystem, []))
    return [
        Package(ecosystem=ecosystem, name=name, version=version)
        for (ecosystem, name), version in sorted(chosen.items())
    ]


def _pinned(pin: PackagePin, ecosystem: str, versions: list[str]) -> str:
    if not versions or (pin.version is not None and pin.version not in versions):
        raise EstateError(f"No mirror has {pin.name} {pin.version or ''}".rstrip() + ". Nothing was built.")
    if pin.version is not None:
        return pin.version

    def compare(first: str, second: str) -> int:
        return compare_versions(ecosystem, first, second)

    try:
        return max(versions, key=cmp_to_key(compare))
    except (UnknownEcosystem, UnreadableVersion) as error:
        raise EstateError(f"{error} Pin the version of {pin.name}. Nothing was built.") from error


async def _agents(connection: AsyncConnection, org: str) -> dict[str, list[str]]:
    statement = select(image_standards.c.agents).where(image_standards.c.org_id == org)
    found: dict[str, list[str]] | None = (await connection.execute(statement)).scalar_one_or_none()
    return found or {}


async def _boots(
    connection: AsyncConnection, org: str, contract: ImageContract, base: RowMapping, *, at: datetime
) -> str:
    """What keeps it from starting; empty when nothing does."""
    place = tables.image_coordinates.c
    rows = await connection.execute(
        select(place.platform).where(place.org_id == org, place.image_id == contract.base_image_id).distinct()
    )
    published = set(rows.scalars())
    amiss = [f"the base is not published on {name}" for name in contract.platforms if name not in published]
    if base["end_of_life"] is not None and base["end_of_life"] <= at:
        amiss.append("the base is past its end of life")
    return ", ".join(amiss)[:300]


def _measures(
    contract: ImageContract, packages: list[Package], *, agents: dict[str, list[str]]
) -> Iterator[tuple[str, str]]:
    """The tests of what the contract asks for, and what is amiss; empty when it passed."""
    installed = {package.name for package in packages}
    for measure in contract.hardening:
        needed = NEEDS.get(measure)
        yield measure, "" if needed is None or needed in installed else f"{needed} is not installed"
    for agent in contract.monitoring_agents:
        there = installed & set(agents.get(agent, [agent]))
        yield f"agent_{agent}", "" if there else "it is not installed"
    denied = sorted(installed & set(contract.denied_packages))
    yield "denied_packages", f"{', '.join(denied)} installed"[:300] if denied else ""


async def _coordinates(
    connection: AsyncConnection, org: str, image_id: str, contract: ImageContract
) -> list[JsonObject]:
    site = tables.sites.c
    rows = await connection.execute(
        select(site.platform, site.region)
        .where(site.org_id == org, site.platform.in_(list[str](contract.platforms)))
        .distinct()
        .order_by(site.platform, site.region)
    )
    return [
        {
            "image_id": image_id,
            "platform": row.platform,
            "region": row.region,
            "identifier": "draft-" + hashlib.sha256(f"{org}/{row.region}/{image_id}".encode()).hexdigest()[:16],
        }
        for row in rows
    ]
