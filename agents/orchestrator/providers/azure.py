"""Azure OpenAI. Its models are deployments, named by whoever made them."""

from __future__ import annotations

from collections.abc import Sequence

from agents.orchestrator.providers.vendor import Connection, Environment, Missing, Vendor, and_list

AZURE_API_VERSION = "2024-10-21"


class Azure(Vendor):
    identifier = "azure"
    name = "Azure OpenAI"
    prefix = "azure"
    family = "openai"
    needs = "AZURE_API_KEY, AZURE_API_BASE and AZURE_DEPLOYMENT (or GAVEL_MODEL_AZURE)"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | Missing | None:
        key, base, deployment = env.get("AZURE_API_KEY"), env.get("AZURE_API_BASE"), env.get("AZURE_DEPLOYMENT")
        if key is None:
            return None
        named = self.models(models or [deployment] if deployment else models)
        missing = [
            name
            for name, value in (("AZURE_API_BASE", base), ("AZURE_DEPLOYMENT (or GAVEL_MODEL_AZURE)", named))
            if not value
        ]
        if missing:
            return Missing(f"AZURE_API_KEY is set but {and_list(missing)} is not: Azure OpenAI is not used.")
        version = env.get("AZURE_API_VERSION", AZURE_API_VERSION)
        return Connection(named, api_base=base, api_key=key, extra=(("api_version", version),))
