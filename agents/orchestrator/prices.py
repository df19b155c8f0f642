"""What a call can cost at most: by the configuration, else by litellm's own price list, which is read as a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.capabilities import model_rows, names_in_data

_WRITTEN_TO_CACHE = "cache_creation_input_token_cost"
"""Marking a prompt for the provider's cache costs more than its tokens do."""


@dataclass(frozen=True)
class Price:
    """US dollars a token, the dearest there is for the model: of long prompts, of what is written to a cache."""

    prompt: float
    completion: float


@dataclass(frozen=True)
class PriceBook:
    configured: Mapping[str, Price] = field(default_factory=dict[str, Price])
    """By litellm's name of the model, as `Member.model` has it."""

    def price(self, member: Member) -> Price | None:
        """None: nobody knows. Simulated models cost nothing. Blocking the first time: call `read_prices` before."""
        if member.simulated:
            return Price(0, 0)
        if member.model in self.configured:
            return self.configured[member.model]
        provider, _, model = member.model.partition("/")
        listed = _listed()
        return next((listed[name] for name in names_in_data(provider, model) if name in listed), None)


def read_prices() -> None:
    """Read the list now, so that no event loop has to wait for it later."""
    _listed()


@cache
def _listed() -> Mapping[str, Price]:
    found: dict[str, Price] = {}
    for name, row in model_rows().items():
        prompt = _dearest(row, "input_cost_per_token", _WRITTEN_TO_CACHE)
        completion = _dearest(row, "output_cost_per_token")
        # A price of zero means that the list does not know.
        if row.get("mode") == "chat" and prompt and completion:
            found[name] = Price(prompt, completion)
    return found


def _dearest(row: Mapping[str, Any], *starts: str) -> float:
    """Prices of longer prompts stand under the same name with something after it."""
    values = [value for name, value in row.items() if name.startswith(starts) and isinstance(value, (int, float))]
    return float(max(values, default=0))
