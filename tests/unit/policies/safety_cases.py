"""What each safety check refuses: a change of the good plan, or an estate that does not bear it out."""

from __future__ import annotations

from policies.checks import (
    actions,
    estate,
    identity,
    receipts,
    structure,
    text,
)
from policies.checks.base import Check
from tests.unit.policies.documents import Change, both, put
from tests.unit.policies.plans import (
    CALL,
    NEW,
    OLD,
    MemoryEstate,
    image,
    make_assets,
)
from tools.contracts.common import Environment, JsonObject
from tools.contracts.estate import Image
from tools.contracts.plan import Action
from tools.contracts.taskspec import TimeWindow

IDS = [f"web-{number:04d}" for number in range(1, 31)]


Case = tuple[Check, str, Change]


READING = Action(id="q", tool="get_golden_image", params={"family": "web-base"}, asset_ids=[]).model_dump()


def cited(call: str, path: str, value: str | float) -> JsonObject:
    return {"tool_call_id": call, "path": path, "value": value}


PLAN_CASES: list[Case] = [
    (identity.of_this_task, "org", put("org", "T0OTHER")),
    (identity.of_this_task, "task", put("task_id", "T0ACME.C1.2000")),
    (identity.of_this_task, "revision", put("revision", 2)),
    (identity.evidence, "no_evidence", put("evidence", [])),
    (identity.evidence, "unknown_evidence", put("evidence.0.tool_call_id", "call-never-made")),
    (structure.unique_names, "phase_name_twice", put("phases.2.name", "Canary")),
    (structure.unique_names, "action_id_twice", put("phases.2.actions.0.id", "a0")),
    (structure.each_asset_once, "asset_listed_twice", put("asset_ids", [*IDS, IDS[0]])),
    (structure.actions_match_phases, "phase_assets", put("phases.0.asset_ids", ["web-0001", "web-0003"])),
    (structure.stated_percent, "batch_percent", put("phases.2.batch_percent", 5)),
    (structure.canary_first, "canary_first", put("phases.0.type", "wave")),
    (structure.pauses_only_in_waits, "wait_ignored", put("phases.2.wait_seconds", 60)),
    (structure.pauses_only_in_waits, "wait_with_work", put("phases.1.asset_ids", IDS)),
    (
        actions.known_tools,
        "tool_not_allowed",
        put("phases.7.actions", [READING]),
    ),
    (actions.valid_params, "invalid_params", put("phases.0.actions.0.params.force", True)),
    (
        actions.params_name_the_assets,
        "params_assets",
        put("phases.0.actions.0.params.asset_ids", ["web-0001", "web-0009"]),
    ),
    (actions.forward_to_target, "target_image", put("phases.0.actions.0.params.target_image_id", image(OLD).id)),
    (actions.forward_to_target, "rollback_forward", put("phases.0.actions.0.params.rollback", True)),
    (actions.rollback_restores, "rollback_image", put("rollback.actions.0.params.target_image_id", "web-base-0.0.0")),
    (actions.rollback_restores, "rollback_version", put("rollback.actions.0.params.target_image_id", image(NEW).id)),
    (actions.rollback_restores, "rollback_unmarked", put("rollback.actions.0.params.rollback", False)),
    (
        actions.rollback_restores,
        "rollback_incomplete",
        both(put("rollback.actions.0.params.asset_ids", IDS[1:]), put("rollback.actions.0.asset_ids", IDS[1:])),
    ),
    (estate.expectations_hold, "state_changed", put("expectations.0.fingerprint", "sha256:old")),
    (estate.target_is_real, "target_unknown", put("target_image.family", "db-base")),
    (estate.versions_agree, "to_version", put("expectations.0.to_version", "9.9.9")),
    (estate.versions_agree, "comparison", put("version_comparison.0.current_version", "9.9.9")),
    (receipts.plan_receipts, "receipts_uncited", put("summary", f"Move 31 web servers to web-base {NEW}.")),
    (receipts.plan_receipts, "receipts_uncited", put("summary", "Move thirty web servers, CVE-2026-1 is why.")),
    (receipts.plan_receipts, "receipts_uncited", put("phases.0.name", "Canary of 99")),
    (receipts.plan_receipts, "receipts_uncited", put("rollback.note", "Costs $5,000.")),
    (
        receipts.plan_receipts,
        "receipts_wrong",
        put("receipts", [cited("call-never-made", "/simulation/predicted_failures", 0)]),
    ),
    (receipts.plan_receipts, "receipts_wrong", put("receipts", [cited(CALL, "/simulation/id", "sim-2")])),
    (estate.window_is_real, "window_invented", put("maintenance_window.end", "2026-12-24T12:00:00Z")),
    (estate.window_is_real, "window_invented", put("maintenance_window.start", "2026-11-20T12:00:00Z")),
    (text.no_secrets, "secret", put("summary", "Use password: huntertwohunter on the bastion.")),
    (text.no_secrets, "secret", put("rollback.actions.0.id", "AKIAIOSFODNN7EXAMPLE")),
    (text.no_secrets, "secret", put("evidence.0.summary", "postgres://admin:s3cret@db/prod")),
    (text.no_secrets, "secret", put("phases.2.actions.0.id", "xoxb-1234567890-abcdefghij")),
]


def _images(*images: Image) -> MemoryEstate:
    return MemoryEstate(make_assets(30), list(images))


class _NoWindows(MemoryEstate):
    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        return None


WORLDS: list[tuple[Check, str, MemoryEstate]] = [
    (estate.target_is_real, "target_unknown", _images(image(OLD))),
    (estate.target_is_real, "target_unsigned", _images(image(OLD), image(NEW).model_copy(update={"signed": False}))),
    (estate.target_is_real, "target_status", _images(image(OLD), image(NEW).model_copy(update={"status": "draft"}))),
    (estate.target_is_real, "target_misfit", _images(image(OLD), image(NEW).model_copy(update={"platforms": ["gcp"]}))),
    (estate.target_is_real, "target_unknown", _images(image(OLD), image(NEW).model_copy(update={"org_id": "T0OTHER"}))),
    (estate.window_is_real, "window_unknown", _NoWindows(make_assets(30), [image(OLD), image(NEW)])),
]
