"""The choices of a rollout, as every rehearsal model makes them: the person's wishes, refusals' limits, defaults."""

from __future__ import annotations

from bot.local.rehearsal.conversation import Json, as_object
from bot.local.rehearsal.limits import within_refusals
from bot.local.rehearsal.picture import Comparison, Picture

_CHOICES = {"canary_size": 1, "max_batch_percent": 20.0, "wait_seconds": 60}
"""Where neither the task nor the house defaults say."""

HEALTH_CHECKS: list[Json] = [
    {"kind": "heartbeat"},
    {"kind": "http_ok"},
    {"kind": "error_rate_below", "threshold": 5},
    {"kind": "version_matches"},
]


def choices_for(picture: Picture, comparison: Comparison, *, stubborn: bool) -> Json:
    """asset_ids, target_image_id, canary_size, max_batch_percent, wait_seconds. `stubborn`: refusals are ignored."""
    asked = as_object(picture.task.get("constraints"))
    asset_ids = sorted(picture.drifted_of(comparison))
    choices: Json = {
        name: asked.get(name) or picture.defaults.get(name) or fallback for name, fallback in _CHOICES.items()
    }
    if asked.get("wait_seconds") == 0:
        choices["wait_seconds"] = 0
    choices["canary_size"] = min(choices["canary_size"], len(asset_ids))
    if not stubborn:
        choices = within_refusals(choices, picture.refusals, assets=len(asset_ids))
    return {"asset_ids": asset_ids, "target_image_id": str(comparison.image.get("id")), **choices}
