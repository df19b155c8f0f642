"""Claude, from Anthropic."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Vendor


class Claude(Vendor):
    identifier = "claude"
    name = "Claude"
    prefix = "anthropic"
    family = "anthropic"
    default_models = ("claude-sonnet-5-5", "claude-haiku-5-5", "claude-opus-5-5")
    fast_model = "claude-haiku-5-5"
    needs = "ANTHROPIC_API_KEY"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | None:
        key = env.get("ANTHROPIC_API_KEY")
        if key is None:
            return None
        return Connection(self.models(models), api_base=env.get("ANTHROPIC_API_BASE"), api_key=key)
