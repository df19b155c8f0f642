"""Builds an image of the sample estate: the base's packages, the newest of what the contract asks for, the checks."""

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
from bot.local.estate.image_tables import base_images
from tools.advisories.versions import UnknownEcosystem, UnreadableVersion, compare_versions
from tools.connectors.base import EstateError
from tools.contracts.advisory import Package
from tools.contracts.common import JsonObject
from tools.contracts.image import ImageCheckName, ImageContract, PackageRequirement


@dataclass(frozen=True)
class Build:
    """A draft's rows, without their org."""

    image_id: str
    image: JsonObject
    packages: list[JsonObject]
    coordinates: list[JsonObject]
    checks: list[JsonObject]


async def draft_of(connection: AsyncConnection, org: str, contract: ImageContract, *, at: datetime) -> Build:
    """Raises `EstateError`: nothing was built."""
    image_id = f"img-{contract.family}-{contract.version}"
    known = await connection.execute(
        select(tables.images.c.id).where(tables.images.c.org_id == org, tables.images.c.id == image_id)
    )
    if known.first() is not None:
        raise EstateError(f"There is an image {image_id} already. Nothing was built; choose another version.")
    base = await _base(connection, org, contract.base_image_id)
    packages = await _packages(connection, org, contract, base)
    results = dict(_results(contract, base, packages, at=at))
    # The pipeline signs what passes everything it was told to check, and nothing else.
    signed = all(not problem for problem in results.values())
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
            {"image_id": image_id, "name": name, "passed": not problem, "detail": problem or "passed", "at": at}
            for name, problem in results.items()
        ],
    )


async def _base(connection: AsyncConnection, org: str, base_id: str) -> RowMapping:
    column = base_images.c
    found = await connection.execute(select(base_images).where(column.org_id == org, column.id == base_id))
    base = found.mappings().one_or_none()
    if base is None:
        raise EstateError(f"There is no base image {base_id!r}. Nothing was built.")
    if not base["approved"]:
        raise EstateError(f"The base image {base_id} is not approved. Nothing was built.")
    return base


async def _packages(connection: AsyncConnection, org: str, contract: ImageContract, base: RowMapping) -> list[Package]:
    """Of the base, and the newest known version of each package that the contract asks for."""
    chosen = {
        (package.ecosystem, package.name): package
        for package in (Package.model_validate(row) for row in base["packages"])
    }
    mirror = tables.image_packages.c
    for wanted in contract.packages:
        rows = await connection.execute(
            select(mirror.version)
            .where(mirror.org_id == org, mirror.ecosystem == wanted.ecosystem, mirror.package == wanted.name)
            .distinct()
        )
        version = _newest(wanted, [str(row.version) for row in rows])
        chosen[wanted.ecosystem, wanted.name] = Package(ecosystem=wanted.ecosystem, name=wanted.name, version=version)
    return [chosen[key] for key in sorted(chosen)]


def _newest(wanted: PackageRequirement, versions: list[str]) -> str:
    if not versions:
        raise EstateError(f"No mirror has {wanted.name} of {wanted.ecosystem}. Nothing was built.")

    def compare(first: str, second: str) -> int:
        return compare_versions(wanted.ecosystem, first, second)

    try:
        newest = max(versions, key=cmp_to_key(compare))
        enough = wanted.minimum_version is None or compare(newest, wanted.minimum_version) >= 0
    except (UnknownEcosystem, UnreadableVersion) as error:
        raise EstateError(f"{error} Nothing was built.") from error
    if not enough:
        raise EstateError(
            f"The newest {wanted.name} is {newest}; the contract asks for {wanted.minimum_version}. Nothing was built."
        )
    return newest


def _results(
    contract: ImageContract, base: RowMapping, packages: list[Package], *, at: datetime
) -> Iterator[tuple[ImageCheckName, str]]:
    """Each check that the contract asks for, and what is wrong; empty when it passed."""
    installed = {package.name for package in packages}
    for check in contract.checks:
        match check:
            case "boot":
                amiss = [f"no {platform}" for platform in contract.platforms if platform not in base["platforms"]]
                if base["end_of_life"] is not None and base["end_of_life"] <= at:
                    amiss.append("the base is past its end of life")
            case "hardening":
                amiss = [f"the base reaches CIS level {base['cis_level']}"] * (contract.cis_level > base["cis_level"])
            case "agents":
                amiss = [f"{agent} is missing" for agent in contract.agents if agent not in installed]
            case "denied_packages":
                amiss = [f"{name} is installed" for name in contract.denied_packages if name in installed]
        yield check, ", ".join(amiss)[:300]


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
