"""The image tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.image import models
from tools.image.changing import build_image, promote_image, promote_image_nonprod
from tools.image.contracts import generate_image_contract
from tools.image.listing import list_image_versions
from tools.image.validation import validate_image

READ_SECONDS = 30.0
CHANGE_SECONDS = 600.0


def image_tools() -> list[Tool]:
    """The image agent's tools, and the three that only an approved plan reaches."""
    return [*_reading(), *_changing()]


def _reading() -> list[Tool]:
    return [
        Tool(
            name="list_image_versions",
            description=(
                "Image versions by family, the newest first: OS, CIS level, signature, status, platforms, which is"
                " golden, how many assets run it (`environment` defaults to the task's). Narrow by family, status or"
                " platform. Pass `next_cursor` as `cursor` for more. It does not say whether one is fit;"
                " validate_image does."
            ),
            input=models.ListImageVersionsInput,
            output=models.ListImageVersionsOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=list_image_versions,
        ),
        Tool(
            name="generate_image_contract",
            description=(
                "Writes what an image must be: the next version of a family, on a base of that OS, with the org's"
                " hardening, monitoring agents, CIS level and denied packages, and the packages of the family's"
                " golden image. Builds nothing. Fails, and lists the bases, for an OS that may not be built on."
                " build_image takes its `contract`."
            ),
            input=models.GenerateImageContractInput,
            output=models.GenerateImageContractOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=generate_image_contract,
        ),
        Tool(
            name="validate_image",
            description=(
                "Checks one image against the org's standard: signature, bill of materials, the pipeline's tests, CIS"
                " level, hardening, monitoring agents, denied packages, age, vulnerabilities by the CVE data. `valid`"
                " only if every check passes; `unknown` is no pass. Changes nothing."
            ),
            input=models.ValidateImageInput,
            output=models.ValidateImageOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=validate_image,
        ),
    ]


def _changing() -> list[Tool]:
    return [
        Tool(
            name="build_image",
            description=(
                "Builds a draft image to a contract, tests it, and signs it if every test passes. `asset_ids` is"
                " always empty. Only an approved plan's execution reaches it."
            ),
            input=models.BuildImageInput,
            output=models.BuildImageOutput,
            risk="state_change_nonprod",
            scope="org",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=build_image,
        ),
        Tool(
            name="promote_image",
            description=(
                "Moves an image one step on: from staging to production, if every check of validate_image passes, or"
                " from production to deprecated. `asset_ids` is always empty. Only an approved plan's execution"
                " reaches it."
            ),
            input=models.PromoteImageInput,
            output=models.PromoteImageOutput,
            risk="state_change_prod",
            scope="org",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=promote_image,
        ),
        Tool(
            name="promote_image_nonprod",
            description=(
                "Moves an image one step on: from draft to dev, or from dev to staging, if no check of validate_image"
                " fails. `asset_ids` is always empty. Only an approved plan's execution reaches it."
            ),
            input=models.PromoteImageNonprodInput,
            output=models.PromoteImageOutput,
            risk="state_change_nonprod",
            scope="org",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=promote_image_nonprod,
        ),
    ]
