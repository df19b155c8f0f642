"""Three temperaments, so that a rehearsed council has something honest to disagree about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.local.rehearsal.conversation import Json, as_list, as_object
from bot.local.rehearsal.picture import Comparison, Picture, receipt


@dataclass(frozen=True)
class Temperament:
    """How a model differs from the others. What it proposes does not: the same evidence, the same choices."""

    sureness: float
    """Its confidences are scaled by this."""
    opinions: Callable[[Picture, Comparison, Json], list[Json]]
    """Claims it makes beyond what all make."""
    accepts_causes: bool
    """Whether it lets a cause stand that no tool result speaks of."""


def _no_opinions(_picture: Picture, _main: Comparison, _choices: Json) -> list[Json]:
    return []


def _opinion(subject: str, attribute: str, value: str, text: str, receipts: list[Json]) -> Json:
    return {
        "text": text[:300],
        "subject": subject[:128],
        "attribute": attribute,
        "value": value[:128],
        "negated": False,
        "confidence": 0.5,
        "receipts": receipts,
    }


def _speculates(picture: Picture, main: Comparison, _choices: Json) -> list[Json]:
    """Birch looks for a cause in what the drifted assets share. The evidence does not settle it."""
    regions = {str(picture.assets.get(name, {}).get("region")) for name in picture.drifted_of(main)}
    if len(regions) == 1:
        cause = f"a rollout that stopped before {next(iter(regions))}"
    else:
        cause = "a rollout that was interrupted"
    text = f"The drift comes from {cause}."
    return [_opinion(picture.fleet, "cause", cause, text, [receipt(main.finding, "/drifted/0/asset_id", _first(main))])]


def _worries(picture: Picture, main: Comparison, choices: Json) -> list[Json]:
    """Cedar wants a longer look at the canary than was asked for."""
    wait = int(choices["wait_seconds"])
    wanted = max(300, 2 * wait)
    text = f"A wait of {wait} s after the canary is too short to see an error budget move; {wanted} s would show it."
    return [_opinion(picture.fleet, "wait_needed_seconds", str(wanted), text, [])]


def _first(main: Comparison) -> str:
    return str(main.drifted[0].get("asset_id"))


_TEMPERAMENTS = {
    "rehearsal-amber": Temperament(sureness=1.0, opinions=_no_opinions, accepts_causes=False),
    "rehearsal-birch": Temperament(sureness=0.95, opinions=_speculates, accepts_causes=True),
    "rehearsal-cedar": Temperament(sureness=0.9, opinions=_worries, accepts_causes=False),
}


def temperament_of(model: str) -> Temperament:
    """The model's temperament; `model` must be one of the three."""
    return _TEMPERAMENTS[model]


def predicted_trouble(picture: Picture) -> bool:
    """Whether a simulation in the evidence predicts failures or warns."""
    runs = [as_object(run.output.get("simulation")) for run in picture.simulations]
    return any(run.get("predicted_failures") or as_list(run.get("warnings")) for run in runs)
