"""Any endpoint that speaks OpenAI's protocol: vLLM, llama.cpp, LM Studio, a gateway. Whatever it serves."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Missing, Vendor

NO_KEY = "none"
"""Sent where an endpoint asks for no key: litellm would otherwise look for OpenAI's own, and send it there."""


class Compatible(Vendor):
    identifier = "compatible"
    name = "OpenAI-compatible"
    prefix = "openai"
    family = "compatible"
    needs = "COMPATIBLE_API_BASE and GAVEL_MODEL_COMPATIBLE (COMPATIBLE_API_KEY where it asks for one)"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | Missing | None:
        base, named = env.get("COMPATIBLE_API_BASE"), self.models(models)
        asked = ", ".join(named)
        if base is None:
            return Missing(f"GAVEL_MODEL_COMPATIBLE is {asked} but COMPATIBLE_API_BASE is not set.") if named else None
        if not named:
            return Missing(f"COMPATIBLE_API_BASE is {base} but GAVEL_MODEL_COMPATIBLE names no model: it is not used.")
        return Connection(named, api_base=base, api_key=env.get("COMPATIBLE_API_KEY", NO_KEY))

    def family_of(self, model: str) -> str:
        """Two models that nobody knows are two families, whatever serves them."""
        named = super().family_of(model)
        return model if named == self.family else named
