"""The tool loop by rule: the next call follows from the tools on offer and the results so far."""

from __future__ import annotations

from collections import Counter

from bot.local.rehearsal.conversation import Conversation, Json, as_list, as_object
from bot.local.rehearsal.picture import Picture, look
from bot.local.rehearsal.rollout import HEALTH_CHECKS, choices_for
from bot.local.rehearsal.wire import Reply

MAX_PAGES = 10
MAX_FAMILIES = 8
MAX_COMPARED = 500
"""Ids one compare_versions call takes."""

_NARROWING = ("platforms", "regions", "sites", "asset_ids", "tags")


def next_step(conversation: Conversation, *, stubborn: bool) -> Reply:
    """Tool calls, or a closing text when there is nothing left to look up: one, and at first all that need no other."""
    picture = look(conversation)
    if not conversation.calls_made:
        first = [call for step in (_status, _assets) if (call := step(conversation, picture, stubborn)) is not None]
        if first:
            return Reply(calls=first)
    for step in (_status, _assets, _images, _comparison, _plan, _simulation):
        call = step(conversation, picture, stubborn)
        # The same failing call again would fail again.
        if call is not None and not _failed_before(conversation, call):
            return Reply(calls=[call])
    return Reply(text=_closing(conversation, picture))


Call = tuple[str, Json]


def _failed_before(conversation: Conversation, call: Call) -> bool:
    return any(finding.params == call[1] for finding in conversation.failed(call[0]))


def _status(conversation: Conversation, picture: Picture, _stubborn: bool) -> Call | None:
    if "get_drift_status" not in conversation.tools or "get_drift_status" in conversation.calls_made:
        return None
    return "get_drift_status", {"environment": picture.task.get("environment")}


def _assets(conversation: Conversation, picture: Picture, _stubborn: bool) -> Call | None:
    if "query_assets" not in conversation.tools or len(picture.pages) >= MAX_PAGES:
        return None
    context = as_object(picture.task.get("context"))
    query: Json = {"environment": picture.task.get("environment")}
    query |= {name: context[name] for name in _NARROWING if context.get(name)}
    if not picture.pages:
        return "query_assets", query
    cursor = picture.pages[-1].output.get("next_cursor")
    return ("query_assets", {**query, "cursor": cursor}) if cursor else None


def families(picture: Picture) -> list[str]:
    """Image families of the running assets in scope, the most common first."""
    rows = [row for row in picture.assets.values() if row.get("image_family") and row.get("state") == "running"]
    counted = Counter(str(row["image_family"]) for row in rows)
    return sorted(counted, key=lambda family: (-counted[family], family))[:MAX_FAMILIES]


def _images(conversation: Conversation, picture: Picture, _stubborn: bool) -> Call | None:
    if "get_golden_image" not in conversation.tools:
        return None
    asked = [finding.params.get("family") for finding in conversation.findings if finding.tool == "get_golden_image"]
    return next((("get_golden_image", {"family": name}) for name in families(picture) if name not in asked), None)


def _comparison(conversation: Conversation, picture: Picture, _stubborn: bool) -> Call | None:
    if "compare_versions" not in conversation.tools:
        return None
    tried = [finding.params for finding in conversation.findings if finding.tool == "compare_versions"]
    for finding in conversation.of("get_golden_image"):
        image = as_object(finding.output.get("image"))
        ids = sorted(name for name, row in picture.assets.items() if row.get("image_family") == image.get("family"))
        for start in range(0, len(ids), MAX_COMPARED):
            params: Json = {"asset_ids": ids[start : start + MAX_COMPARED], "target_image_id": image.get("id")}
            if not any(_covers(earlier, params) for earlier in tried):
                return "compare_versions", params
    return None


def _covers(earlier: Json, params: Json) -> bool:
    """Whether an earlier comparison asked for all of this."""
    asked, wanted = ({str(name) for name in as_list(call.get("asset_ids"))} for call in (earlier, params))
    return earlier.get("target_image_id") == params.get("target_image_id") and wanted <= asked


def _plan(conversation: Conversation, picture: Picture, stubborn: bool) -> Call | None:
    main = picture.main
    made = "generate_patch_plan" in conversation.calls_made
    if "generate_patch_plan" not in conversation.tools or made or main is None or not main.drifted:
        return None
    return "generate_patch_plan", {**choices_for(picture, main, stubborn=stubborn), "health_checks": HEALTH_CHECKS}


def _simulation(conversation: Conversation, _picture: Picture, _stubborn: bool) -> Call | None:
    plans = conversation.of("generate_patch_plan")
    if "simulate_rollout" not in conversation.tools or "simulate_rollout" in conversation.calls_made or not plans:
        return None
    return "simulate_rollout", {"plan_id": plans[-1].output.get("plan_id")}


def _closing(conversation: Conversation, picture: Picture) -> str:
    errors = [f"{finding.tool} failed ({finding.error})" for finding in conversation.findings if finding.error]
    found = f"Looked at {len(picture.assets)} assets of {picture.fleet}; {len(picture.drifted_ids)} differ from golden."
    warned = [str(text) for run in picture.simulations for text in _warnings(run.output)]
    return " ".join([found, *warned, *errors])[:1500]


def _warnings(output: Json) -> list[object]:
    return as_list(as_object(output.get("simulation")).get("warnings"))
