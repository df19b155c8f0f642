"""The rehearsal models as council members."""

from __future__ import annotations

from agents.orchestrator.chat import Member

REHEARSAL_MODELS = ("rehearsal-amber", "rehearsal-birch", "rehearsal-cedar")


def rehearsal_members(base_url: str) -> list[Member]:
    """The three rehearsal models served at `base_url` (e.g. `http://127.0.0.1:41234`), marked as simulated.

    Their families are distinct so that a rehearsal counts votes the way a real council of three vendors does. It is a
    statement about the rehearsal, not about them: one program plays all three, and every thread they speak in says so.
    """
    return [
        Member(
            name=name.removeprefix("rehearsal-").capitalize(),
            model=f"openai/{name}",
            family=name,
            api_base=f"{base_url.rstrip('/')}/v1",
            api_key="rehearsal",
            simulated=True,
        )
        for name in REHEARSAL_MODELS
    ]
