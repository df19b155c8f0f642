"""Is there an Ollama on this machine, and what does it serve?"""

from __future__ import annotations

import aiohttp
from pydantic import BaseModel, ValidationError

from agents.orchestrator.chat import Member
from agents.orchestrator.members import ollama_member

OLLAMA_BASE = "http://127.0.0.1:11434"


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
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(f"{base}/api/tags") as response:
            if response.status != 200:
                return None
            tags = _Tags.model_validate_json(await response.read())
    except (aiohttp.ClientError, TimeoutError, ValidationError):
        return None
    served = [entry.name for entry in tags.models]
    wanted = [name for name in served if model is None or name in (model, f"{model}:latest")]
    return ollama_member(base, wanted[0]) if wanted else None
