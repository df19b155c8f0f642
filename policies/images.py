"""A plan's builds and promotions of images, as `ql.ai.images` is asked about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC

from policies.decisions import ask
from policies.engine import PolicyEngine, is_list, is_object
from policies.gate import JudgeContext
from tools.connectors.base import Estate
from tools.contracts.common import JsonObject
from tools.contracts.estate import Image
from tools.contracts.verdict import Refusal

PACKAGE = "ql.ai.images"

BUILDING = frozenset({"build_image"})
PROMOTING = frozenset({"promote_image", "promote_image_nonprod"})

_ROW = frozenset({"id", "org_id", "family", "version", "status", "signed"})
_BUILT = ("image_id", "status", "signed", "sbom_url", "tests", "scan")
"""Of `validate_image`'s answer. What was seen of an image is what this tool saw in this task, not what a plan says."""


@dataclass(frozen=True)
class ImageRules:
    """Asked once for each build and each promotion of a plan; not at all for a plan that has none."""

    engine: PolicyEngine
    estate: Estate

    async def judge(self, plan: JsonObject, context: JudgeContext) -> tuple[list[Refusal], dict[str, JsonObject]]:
        """The refusals, and what was asked: `ql.ai.images#<action id>` → document.

        Raises `PolicyUnavailable`, and `EstateError` when the images cannot be read.
        """
        actions = list(_image_actions(plan))
        if not actions:
            return [], {}
        images = await self.estate.images(context.caller.org)
        refusals: list[Refusal] = []
        documents: dict[str, JsonObject] = {}
        for action in actions:
            document = _document(action, images, context)
            documents[f"{PACKAGE}#{action.get('id', '')}"] = document
            _, found = await ask(self.engine, PACKAGE, document, gate="policy")
            refusals += found
        return refusals, documents


def _image_actions(plan: JsonObject) -> Iterator[JsonObject]:
    phases = plan.get("phases")
    for phase in phases if is_list(phases) else []:
        actions = phase.get("actions") if is_object(phase) else None
        for action in actions if is_list(actions) else []:
            if is_object(action) and action.get("tool") in BUILDING | PROMOTING:
                yield action


def _document(action: JsonObject, images: list[Image], context: JudgeContext) -> JsonObject:
    params = action.get("params")
    given: JsonObject = params if is_object(params) else {}
    promotes = action.get("tool") in PROMOTING
    return {
        "now": context.now.astimezone(UTC).isoformat(),
        "org": context.caller.org,
        "operation": "promote" if promotes else "build",
        "promote_to": given.get("to_status") if promotes else None,
        "images": [image.model_dump(mode="json", include=set(_ROW)) for image in images],
        "contract": None if promotes else given.get("contract"),
        "built": _built(str(given.get("image_id", "")), context.results) if promotes else None,
    }


def _built(image_id: str, results: Mapping[str, JsonObject]) -> JsonObject | None:
    """What `validate_image` last said of the image. None: nobody validated it."""
    seen = [
        output
        for output in results.values()
        if output.get("image_id") == image_id and "checks" in output and all(name in output for name in _BUILT)
    ]
    if not seen:
        return None
    return {name: seen[-1][name] for name in _BUILT}
