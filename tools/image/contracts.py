"""`generate_image_contract`: what an image must be, by the org's standard, its bases and the family's golden image."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.base import ToolContext, ToolError
from tools.connectors.image import ImageBuilder
from tools.connectors.rows import require_own
from tools.contracts.advisory import Package
from tools.contracts.common import Platform
from tools.contracts.estate import Image
from tools.contracts.pipeline import BaseImage, ImageContract, ImageStandard, PackagePin
from tools.drift.versions import Family
from tools.image.models import GenerateImageContractInput, GenerateImageContractOutput
from tools.image.numbering import next_version
from tools.image.sources import own_images, standard_source
from tools.lookup import listed
from tools.resources import observe
from tools.security.sources import package_source


@dataclass(frozen=True)
class _Base:
    row: BaseImage
    image: Image

    @property
    def named(self) -> str:
        return f"{self.image.os_name} {self.image.os_version}"


async def generate_image_contract(
    given: GenerateImageContractInput, context: ToolContext
) -> GenerateImageContractOutput:
    """A pure function of the parameters, the estate's rows and today's date; nothing is built."""
    org, source = context.caller.org, standard_source(context)
    standard = await source.image_standard(org)
    if standard is None:
        raise ToolError("No contract was written: the org has set no standard for images.")
    require_own([standard], org=org, source=context.estate.name)
    images = await own_images(context)
    base = _chosen(given.os, await _bases(images, context))
    family = Family(name=given.name, images=[image for image in images if image.family == given.name])
    golden = family.golden()
    version = next_version((image.version for image in family.images), today=context.now().date())
    contract = ImageContract(
        family=given.name,
        version=version,
        os_name=base.image.os_name,
        os_version=base.image.os_version,
        purpose=given.purpose,
        base_image_id=base.image.id,
        cis_level=_cis_level(given.cis_level, standard, base),
        platforms=_platforms(given.platforms, base),
        packages=[PackagePin(name=name) for name in await _packages(given, standard, base, golden, context)],
        denied_packages=sorted(standard.denied_packages),
        hardening=sorted(standard.hardening),
        monitoring_agents=sorted(standard.agents),
    )
    image_id = context.estate.image_id_of(contract) if isinstance(context.estate, ImageBuilder) else None
    seen = await observe(context.estate, org, "image", image_id or f"{contract.family} {contract.version}")
    return GenerateImageContractOutput(
        contract=contract,
        replaces=golden.id if golden else None,
        base_end_of_life=base.row.end_of_life,
        image_id=image_id,
        state=seen.state,
        fingerprint=seen.fingerprint,
    )


async def _bases(images: list[Image], context: ToolContext) -> list[_Base]:
    """Bases that may be built on: signed, in production, with security updates."""
    org = context.caller.org
    rows = require_own(await standard_source(context).base_images(org), org=org, source=context.estate.name)
    by_id = {image.id: image for image in images}
    now = context.now()
    return [
        _Base(row, image)
        for row in rows
        if (image := by_id.get(row.image_id)) is not None
        and image.signed
        and image.status == "production"
        and (row.end_of_life is None or row.end_of_life > now)
    ]


def _chosen(asked: str, bases: list[_Base]) -> _Base:
    words = re.split(r"[\s:/_-]+", asked.strip().lower(), maxsplit=1)
    wanted = " ".join(words)
    found = [
        base
        for base in bases
        if asked.strip() == base.image.id
        or wanted == base.named.lower()
        or (len(words) == 1 and wanted == base.image.os_name.lower())
    ]
    if len(found) != 1:
        offered = listed(sorted({base.named for base in bases}), at_most=20) or "none"
        problem = "is more than one base" if found else "is no base that may be built on"
        raise ToolError(f"No contract was written: {asked[:80]!r} {problem}. Use one of: {offered}.")
    return found[0]


def _cis_level(asked: int | None, standard: ImageStandard, base: _Base) -> int:
    level = max(asked or 0, standard.cis_level)
    if level > base.row.cis_level:
        raise ToolError(f"No contract was written: {base.named} reaches CIS level {base.row.cis_level}, not {level}.")
    return level


def _platforms(asked: list[Platform], base: _Base) -> list[Platform]:
    if absent := [name for name in asked if name not in base.image.platforms]:
        raise ToolError(
            f"No contract was written: {base.named} is not published on {listed(list[str](absent))}; it is on"
            f" {listed(list[str](base.image.platforms)) or 'nothing'}."
        )
    return sorted(set(asked or base.image.platforms))


async def _packages(
    given: GenerateImageContractInput,
    standard: ImageStandard,
    base: _Base,
    golden: Image | None,
    context: ToolContext,
) -> list[str]:
    """What the golden image has beyond the base, what was asked for, and monitoring agents that are missing."""
    org = context.caller.org
    ids = [base.image.id, *([golden.id] if golden else [])]
    rows = require_own(await package_source(context).image_packages(org, ids), org=org, source=context.estate.name)
    known: dict[str, list[Package]] = {row.image_id: row.packages for row in rows}
    if absent := [image_id for image_id in ids if image_id not in known]:
        raise ToolError(f"No contract was written: the packages of {listed(absent)} are not known.")
    based = {package.name for package in known[base.image.id]}
    carried = {package.name for package in known[golden.id]} - based if golden else set[str]()
    denied = {name.lower() for name in standard.denied_packages}
    if forbidden := sorted(name for name in given.packages if name.lower() in denied):
        raise ToolError(f"No contract was written: no image may hold {listed(forbidden)}.")
    wanted = {name for name in carried if name.lower() not in denied} | (set(given.packages) - based)
    for packages in standard.agents.values():
        if packages and not (based | wanted) & set(packages):
            wanted.add(packages[0])
    return sorted(wanted)
