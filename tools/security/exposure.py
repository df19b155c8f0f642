"""`check_exposure`: which ports can be reached from where, and what is known against what answers on them."""

from __future__ import annotations

from dataclasses import dataclass

from tools.base import ToolContext, ToolError
from tools.connectors.base import EstateError
from tools.connectors.rows import require_own
from tools.contracts.estate import Image
from tools.contracts.vulnerability import Listener
from tools.lookup import callers_assets, listed
from tools.paging import page_of
from tools.security.assessment import Assessment, Finding, Placed, assess, placed
from tools.security.models import CheckExposureInput, CheckExposureOutput, ExposureRow
from tools.security.reach import EXPOSURES, MANAGEMENT_PORTS, REACHES, UnreadableSource, exposure_of, reach_of
from tools.security.sources import listener_source

SHOWN_VULNERABILITIES = 50


async def check_exposure(given: CheckExposureInput, context: ToolContext) -> CheckExposureOutput:
    asked = list(dict.fromkeys(given.asset_ids))
    known = await callers_assets(asked, context)
    if missing := [asset_id for asset_id in asked if asset_id not in known]:
        raise ToolError(f"Nothing was checked. These assets are not in the estate: {listed(missing)}.")
    org, name = context.caller.org, context.estate.name
    listeners = require_own(await listener_source(context).listeners(org, asked), org=org, source=name)
    if strangers := sorted({listener.asset_id for listener in listeners} - set(asked)):
        raise EstateError(f"{name} answered for assets that were not asked about: {listed(strangers)}.")
    where = await placed([known[asset_id] for asset_id in asked], context)
    judging = _Judging(where, await assess(where.images, context), _image_of(where))
    rows = sorted((judging.row(listener, source=name) for listener in listeners), key=_order)
    nearest = REACHES.index(given.reach) if given.reach else 0
    wanted = [row for row in rows if REACHES.index(row.reach) >= nearest]
    page, cursor = page_of(wanted, _key, limit=given.limit, cursor=given.cursor)
    with_ports = {row.asset_id for row in rows}
    return CheckExposureOutput(
        exposures=page,
        returned=len(page),
        next_cursor=cursor,
        checked_assets=len(asked),
        internet_assets=len({row.asset_id for row in rows if row.reach == "internet"}),
        no_known_port=[asset_id for asset_id in asked if asset_id not in with_ports],
    )


def _image_of(where: Placed) -> dict[str, Image]:
    return {asset_id: where.images[image_id] for image_id, users in where.users.items() for asset_id in users}


@dataclass(frozen=True)
class _Judging:
    where: Placed
    assessment: Assessment
    images: dict[str, Image]

    def row(self, listener: Listener, *, source: str) -> ExposureRow:
        try:
            reach = reach_of(listener.source)
        except UnreadableSource as error:
            raise EstateError(f"{source} says of {listener.asset_id}:{listener.port}: {error}.") from error
        image = self.images.get(listener.asset_id)
        findings: list[Finding] = []
        doubtful = image is None
        if image is not None:
            findings = [
                finding for finding in self.assessment.of(image.id) if finding.package.name in listener.packages
            ]
            doubtful = any(
                doubt.image_id == image.id and (doubt.package is None or doubt.package.name in listener.packages)
                for doubt in self.assessment.doubts
            )
        names = list(dict.fromkeys(finding.vulnerability for finding in findings))
        worst = findings[0].severity.rating if findings else None
        management = listener.port in MANAGEMENT_PORTS
        return ExposureRow(
            asset_id=listener.asset_id,
            port=listener.port,
            protocol=listener.protocol,
            service=listener.service[:200],
            source=listener.source[:200],
            reach=reach,
            management=management,
            exposure=exposure_of(reach, worst, vulnerable=bool(findings), management=management),
            vulnerabilities=names[:SHOWN_VULNERABILITIES],
            vulnerabilities_total=len(names),
            worst_severity=worst,
            doubtful=doubtful,
        )


def _order(row: ExposureRow) -> tuple[int, int, str]:
    return -EXPOSURES.index(row.exposure), -REACHES.index(row.reach), _key(row)


def _key(row: ExposureRow) -> str:
    return f"{row.asset_id}\n{row.port:05d}\n{row.protocol}\n{row.source}"
