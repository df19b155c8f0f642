"""One question of layer 1 to the models: the fast one first, the others in turn where it cannot answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel

from agents.orchestrator.chat import ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.structured import ask

T = TypeVar("T", bound=BaseModel)


async def ask_in_turn(
    client: ModelClient, members: Sequence[Member], request: ChatRequest, contract: type[T]
) -> tuple[T, Member]:
    """The first answer that satisfies the contract, and whose it is. Each call's key names its member.

    Raises :class:`ModelError` with every member's reason when none gave one.
    """
    errors: list[str] = []
    for at, member in enumerate(members):
        parent = f"{request.key}:{members[0].name}" if at else request.parent
        asked = replace(request, key=f"{request.key}:{member.name}", parent=parent)
        try:
            return await ask(client, member, asked, contract), member
        except ModelError as error:
            errors.append(str(error))
    raise ModelError("unavailable", " ".join(errors) or "No model is configured.")
