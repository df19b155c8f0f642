"""What Edit binds: the plan it is on, and the parameters that its form opens with. Nothing can be looked up for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bot.blocks.actions import ButtonValue, MalformedButton
from bot.blocks.message import MAX_BUTTON_VALUE
from bot.blocks.modal import MAX_OPTION
from bot.blocks.text import length, plain
from tools.contracts.edit import MAX_WAIT_SECONDS
from tools.contracts.plan import Plan
from tools.contracts.rollout import RolloutPlan

MAX_CHOICES = 60
"""Assets that the form lists. Of a larger plan a part is left out by saying so in the thread."""
_MAX_NAMES = 700
"""Bytes of their names: a card has to hold the button, too."""


@dataclass(frozen=True)
class Parameters:
    """What can be edited of a rollout, as its plan has it now."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    assets: int
    canary: int
    """Assets changed first; 0: the plan has no canary."""
    percent: float
    """Of the plan's assets, at most, in one wave."""
    wait: int
    """Seconds after the canary."""
    names: tuple[str, ...] = ()
    """All of the plan's assets; empty: too many to be listed."""

    def __post_init__(self) -> None:
        bounds = (self.assets >= 1, 0 <= self.canary <= self.assets, 0 < self.percent <= 100)
        if not all(bounds) or not 0 <= self.wait <= MAX_WAIT_SECONDS:
            raise MalformedButton("the plan's parameters are out of bounds")
        if self.names and len(self.names) != self.assets:
            raise MalformedButton(f"{len(self.names)} names of {self.assets} assets")

    @classmethod
    def of(cls, plan: Plan) -> Parameters | None:
        """None: the plan has nothing that a form could change."""
        if not isinstance(plan, RolloutPlan) or not plan.asset_ids:
            return None
        canaries = [len(phase.asset_ids) for phase in plan.phases if phase.type == "canary"]
        waves = [phase.batch_percent for phase in plan.phases if phase.type == "wave" and phase.batch_percent]
        waits = [phase.wait_seconds for phase in plan.phases if phase.type == "wait"]
        return cls(
            assets=len(plan.asset_ids),
            canary=min(sum(canaries), len(plan.asset_ids)),
            percent=round(max(waves, default=100.0), 2),
            wait=max(waits, default=0),
            names=tuple(plan.asset_ids) if _can_be_listed(plan.asset_ids) else (),
        )

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, value: str) -> Parameters:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        try:
            return _PARAMETERS.validate_json(value, strict=True)
        except ValidationError as error:
            raise MalformedButton("the plan's parameters do not have the expected fields") from error


def _can_be_listed(names: Sequence[str]) -> bool:
    """Whether they fit into a menu, into a button's value, and into a form's metadata, where they are quoted twice."""
    if len(names) > MAX_CHOICES or any(plain(name, MAX_OPTION) != name for name in names):
        return False
    quoted = json.dumps(json.dumps(names, ensure_ascii=False), ensure_ascii=False)
    return len(quoted.encode(errors="replace")) <= _MAX_NAMES


@dataclass(frozen=True)
class EditButton:
    """The value of Edit."""

    binding: ButtonValue
    parameters: Parameters

    def encode(self) -> str:
        """At most 2,000 characters: without the names where they do not fit. Raises :class:`MalformedButton`."""
        bare = replace(self.binding, care=None)
        for parameters in (self.parameters, replace(self.parameters, names=())):
            value = json.dumps([bare.encode(), parameters.encode()], separators=(",", ":"), ensure_ascii=False)
            if length(value) <= MAX_BUTTON_VALUE:
                return value
        raise MalformedButton(f"a button's value holds {MAX_BUTTON_VALUE} characters; got {length(value)}")

    @classmethod
    def decode(cls, value: str) -> EditButton:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        try:
            binding, parameters = _WIRE.validate_json(value, strict=True)
        except ValidationError as error:
            raise MalformedButton("the button's value is no pair of texts") from error
        return cls(ButtonValue.decode(binding), Parameters.decode(parameters))


_PARAMETERS = TypeAdapter(Parameters)
_WIRE = TypeAdapter(tuple[str, str])
