"""OpenAI."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Vendor


class OpenAI(Vendor):
    identifier = "openai"
    name = "OpenAI"
    prefix = "openai"
    family = "openai"
    default_models = ("gpt-6.1-sol", "gpt-6-luna", "gpt-6-astra")
    fast_model = "gpt-6-luna"
    needs = "OPENAI_API_KEY"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | None:
        key = env.get("OPENAI_API_KEY")
        if key is None:
            return None
        return Connection(self.models(models), api_base=env.get("OPENAI_API_BASE"), api_key=key)
