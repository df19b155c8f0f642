"""The tools that change images: a build, and one step of promotion. Neither touches a machine."""

from __future__ import annotations

from typing import Literal

from tools.base import ToolContext, ToolError
from tools.connectors.base import EstateError
from tools.connectors.rows import require_own
from tools.contracts.estate import ImageStatus
from tools.contracts.pipeline import ImageChange
from tools.fields import clipped
from tools.image.models import (
    BuildImageInput,
    BuildImageOutput,
    PromoteImageInput,
    PromoteImageNonprodInput,
    PromoteImageOutput,
    TestRow,
)
from tools.image.sources import builder, one_image, promoter, standard_source
from tools.image.validation import validated
from tools.lookup import listed


async def build_image(given: BuildImageInput, context: ToolContext) -> BuildImageOutput:
    """The call's id is the idempotency key: the same call again builds nothing and answers the same."""
    org = context.caller.org
    change = await builder(context).build_image(org, given.contract, idempotency_key=context.call_id)
    _require_own(change, context)
    image = await one_image(change.image_id, context)
    tests = require_own(await standard_source(context).image_checks(org, image.id), org=org, source=context.estate.name)
    return BuildImageOutput(
        outcomes=[],
        changed=0,
        failed=0,
        image_id=image.id,
        status=change.to_status,
        signed=image.signed,
        tests=[TestRow(name=test.name, passed=test.passed, observed=clipped(test.observed)) for test in tests][:200],
    )


async def promote_image(given: PromoteImageInput, context: ToolContext) -> PromoteImageOutput:
    """To production only what passes every check; to deprecated whatever is in production."""
    return await _promote(given.image_id, given.to_status, context)


async def promote_image_nonprod(given: PromoteImageNonprodInput, context: ToolContext) -> PromoteImageOutput:
    """To dev and staging what fails no check; what cannot be told yet may be found out there."""
    return await _promote(given.image_id, given.to_status, context)


async def _promote(
    image_id: str, to_status: Literal["dev", "staging", "production", "deprecated"], context: ToolContext
) -> PromoteImageOutput:
    image = await one_image(image_id, context)
    # A repeated call finds the image where the first one put it: the source answers it as before.
    if image.status != to_status and to_status != "deprecated":
        allowed = {"pass"} if to_status == "production" else {"pass", "unknown"}
        checks = (await validated(image, context)).checks
        if amiss := [f"{check.name} ({check.observed})" for check in checks if check.status not in allowed]:
            raise ToolError(f"Nothing was changed. {image.id} is not fit for {to_status}: {listed(amiss)}.")
    change = await promoter(context).promote_image(
        context.caller.org, image.id, to_status, idempotency_key=context.call_id
    )
    _require_own(change, context)
    return _answer(change, to_status)


def _answer(change: ImageChange, to_status: ImageStatus) -> PromoteImageOutput:
    if change.to_status != to_status:
        raise EstateError(f"{change.image_id} is now {change.to_status}, not {to_status} as it was asked to be.")
    return PromoteImageOutput(
        outcomes=[],
        changed=0,
        failed=0,
        image_id=change.image_id,
        from_status=change.from_status,
        to_status=change.to_status,
    )


def _require_own(change: ImageChange, context: ToolContext) -> None:
    require_own([change], org=context.caller.org, source=context.estate.name)
