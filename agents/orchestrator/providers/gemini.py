"""Gemini, from Google's Generative Language API."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Vendor


class Gemini(Vendor):
    identifier = "gemini"
    name = "Gemini"
    prefix = "gemini"
    family = "google"
    default_models = ("gemini-3.8-flash", "gemini-3.5-flash-lite", "gemini-4-argon")
    fast_model = "gemini-3.5-flash-lite"
    needs = "GEMINI_API_KEY (or GOOGLE_API_KEY)"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | None:
        key = env.get("GEMINI_API_KEY") or env.get("GOOGLE_API_KEY")
        if key is None:
            return None
        return Connection(self.models(models), api_base=env.get("GEMINI_API_BASE"), api_key=key)
