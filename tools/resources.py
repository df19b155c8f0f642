"""What a plan changes that is no asset: images, recovery pairs, alerts. How one is named, seen, and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from tools.connectors.base import Estate, EstateError
from tools.connectors.image import ImageStandardSource
from tools.connectors.incident import AlertQuery, AlertSource
from tools.connectors.recovery import PairQuery, RecoverySource
from tools.connectors.rows import require_own
from tools.contracts.common import Environment, JsonObject, digest_of
from tools.contracts.estate import Image
from tools.contracts.pipeline import ImageCheck
from tools.guards.shapes import is_object

ResourceKind = Literal["image", "dr_pair", "alert"]

ABSENT = "absent"
"""The state of an image that has not been built, and of whatever the org does not have."""

KIND_OF: Mapping[str, ResourceKind] = MappingProxyType(
    {
        "build_image": "image",
        "promote_image": "image",
        "promote_image_nonprod": "image",
        "trigger_dr_drill": "dr_pair",
        "trigger_dr_failover": "dr_pair",
        "acknowledge_alert": "alert",
        "acknowledge_alert_nonprod": "alert",
    }
)
"""Tool → what it changes. A tool that is not here changes assets only."""

_NAMES = ("image_id", "dr_pair_id", "alert_id")


@dataclass(frozen=True)
class Resource:
    """As the estate's source shows it now."""

    kind: ResourceKind
    id: str
    state: str
    """Of an image its status, or `absent` before it is built; of a recovery pair where traffic goes, `primary` or
    `recovery`; of an alert its status."""
    fingerprint: str
    """Of what a plan relies on. It changes when somebody else has been at it."""
    environment: Environment | None = None
    """None: it belongs to none, as an image does."""


def named_resources(params: JsonObject) -> list[str]:
    """What a call names that is no asset, for grants. An image that is still to be built is `family version`."""
    named = [str(params[key]) for key in _NAMES if key in params]
    contract: object = params.get("contract")
    if contract is not None:
        # What is no contract names nothing that a grant could hold.
        named.append(contract_name(contract) or "a contract without family and version")
    return named


def contract_name(contract: object) -> str | None:
    """`family version` of an image's contract, or None."""
    if not is_object(contract):
        return None
    family, version = _text(contract, "family"), _text(contract, "version")
    return f"{family} {version}" if family and version else None


def state_after(tool: str, params: JsonObject, *, before: str) -> str:
    """The state that a call leads to when it succeeds."""
    match tool:
        case "build_image":
            return "draft"
        case "promote_image" | "promote_image_nonprod":
            return str(params.get("to_status"))
        case "trigger_dr_failover":
            return "primary" if params.get("rollback") is True else "recovery"
        case "acknowledge_alert" | "acknowledge_alert_nonprod":
            return "acknowledged"
        case _:
            # A drill moves nothing, and neither does what is not of this list.
            return before


async def observe(estate: Estate, org: str, kind: ResourceKind, resource_id: str) -> Resource:
    """Raises `EstateError` when the source cannot answer, or keeps nothing of the kind."""
    match kind:
        case "image":
            return await _image(estate, org, resource_id)
        case "dr_pair":
            return await _pair(estate, org, resource_id)
        case "alert":
            return await _alert(estate, org, resource_id)


def image_fingerprint(image: Image, tests: list[ImageCheck]) -> str:
    """Of an image's status, signature and tests."""
    return digest_of(
        {
            "id": image.id,
            "org": image.org_id,
            "status": image.status,
            "signed": image.signed,
            "tests": {test.name: test.passed for test in tests},
        }
    )


async def _image(estate: Estate, org: str, image_id: str) -> Resource:
    if not isinstance(estate, ImageStandardSource):
        raise EstateError(f"{estate.name} does not say what was tested of its images. Nothing was changed.")
    images = require_own(await estate.images(org), org=org, source=estate.name)
    image = next((image for image in images if image.id == image_id), None)
    if image is None:
        return _absent("image", org, image_id)
    tests = list(require_own(await estate.image_checks(org, image_id), org=org, source=estate.name))
    return Resource("image", image_id, state=image.status, fingerprint=image_fingerprint(image, tests))


async def _pair(estate: Estate, org: str, pair_id: str) -> Resource:
    if not isinstance(estate, RecoverySource):
        raise EstateError(f"{estate.name} keeps no recovery pairs. Nothing was changed.")
    found, _ = await estate.dr_pairs(org, PairQuery(ids=[pair_id]), limit=1, cursor=None)
    pair = next(iter(require_own(found, org=org, source=estate.name)), None)
    if pair is None:
        return _absent("dr_pair", org, pair_id)
    runs = require_own(await estate.dr_runs(org, pair_id, limit=1), org=org, source=estate.name)
    state = "primary" if pair.active_site_id == pair.primary_site_id else "recovery"
    # Replication is never the same twice: the tool itself bounds how much may be lost. Another's run is another matter.
    relied_on = {
        "id": pair.id,
        "org": pair.org_id,
        "environment": pair.environment,
        "sites": [pair.primary_site_id, pair.dr_site_id],
        "active": pair.active_site_id,
        "objectives": [pair.rpo_minutes, pair.rto_minutes],
        "last_run": next((run.id for run in runs), None),
    }
    return Resource("dr_pair", pair_id, state, digest_of(relied_on), environment=pair.environment)


async def _alert(estate: Estate, org: str, alert_id: str) -> Resource:
    if not isinstance(estate, AlertSource):
        raise EstateError(f"{estate.name} keeps no alerts. Nothing was changed.")
    found, _ = await estate.alerts(org, AlertQuery(ids=[alert_id]), limit=2, cursor=None)
    alert = next(iter(require_own(found, org=org, source=estate.name)), None)
    if alert is None:
        return _absent("alert", org, alert_id)
    relied_on = {
        "id": alert.id,
        "org": alert.org_id,
        "environment": alert.environment,
        "asset": alert.asset_id,
        "status": alert.status,
    }
    return Resource("alert", alert_id, alert.status, digest_of(relied_on), environment=alert.environment)


def _absent(kind: ResourceKind, org: str, resource_id: str) -> Resource:
    nothing = {"kind": kind, "id": resource_id, "org": org, "state": ABSENT}
    return Resource(kind, resource_id, state=ABSENT, fingerprint=digest_of(nothing))


def _text(value: JsonObject, key: str) -> str:
    found: object = value.get(key)
    return found if isinstance(found, str) else ""
