"""Ollama: models on a machine of one's own. Is there one here, and what does it serve?"""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
from pydantic import BaseModel, ValidationError

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.vendor import Connection, Environment, Missing, Vendor
from tools.outbound import Outbound, OutboundRefused, origin_of

OLLAMA_BASE = "http://127.0.0.1:11434"


class Ollama(Vendor):
    identifier = "ollama"
    name = "Ollama"
    prefix = "ollama_chat"
    family = "ollama"
    needs = "OLLAMA_API_BASE and GAVEL_MODEL_OLLAMA (or an Ollama on its usual port)"

    def connect(self, env: Environment, models: Sequence[str]) -> Connection | Missing | None:
        base, named = env.get("OLLAMA_API_BASE"), self.models(models)
        asked = ", ".join(named)
        if base is None:
            return Missing(f"GAVEL_MODEL_OLLAMA is {asked} but OLLAMA_API_BASE is not set.") if named else None
        if not named:
            return Missing(f"OLLAMA_API_BASE is {base} but GAVEL_MODEL_OLLAMA names no model: Ollama is not used.")
        return Connection(named, api_base=base.rstrip("/"))

    def family_of(self, model: str) -> str:
        """Two models that nobody knows are two families, whatever serves them."""
        self_named = super().family_of(model)
        return model.partition(":")[0] if self_named == self.family else self_named


class _Model(BaseModel):
    name: str


class _Tags(BaseModel):
    """Ollama's answer to GET /api/tags, as far as it is read."""

    models: list[_Model]


async def probe_ollama(
    base: str = OLLAMA_BASE, *, model: str | None = None, timeout_seconds: float = 0.5
) -> Member | None:
    """A member if an Ollama answers at `base` and serves `model` (None: whatever it lists first); else None.

    Something else on the port, an empty Ollama and no answer in time are all None: there is no Ollama to use.
    """
    try:
        async with (
            Outbound(origin_of(base), "configured", timeout_seconds=timeout_seconds, decompress=True) as server,
            server.request("GET", f"{base}/api/tags") as response,
        ):
            if response.status != 200:
                return None
            tags = _Tags.model_validate_json(await response.read())
    except (aiohttp.ClientError, OutboundRefused, TimeoutError, ValidationError):
        return None
    served = [entry.name for entry in tags.models]
    wanted = [name for name in served if model is None or name in (model, f"{model}:latest")]
    return Ollama().member(Connection((wanted[0],), api_base=base.rstrip("/"))) if wanted else None
