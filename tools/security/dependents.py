"""Who needs whom: services that feel the loss of others, directly or through one another. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from tools.contracts.topology import ServiceDependency


@dataclass(frozen=True)
class Dependent:
    service: str
    path: tuple[str, ...]
    """From a service that is hit to this one: the shortest there is, of hard dependencies if any is."""
    kind: Literal["hard", "soft"]
    """`hard`: every step of the path is."""


def dependents_of(hit: Collection[str], edges: Sequence[ServiceDependency]) -> list[Dependent]:
    """Every service outside `hit` that depends on one in it, in name order. Circles are walked once."""
    hard = _walk(hit, [edge for edge in edges if edge.kind == "hard"])
    either = _walk(hit, edges)
    return [
        Dependent(service, hard.get(service, path), "hard" if service in hard else "soft")
        for service, path in sorted(either.items())
    ]


def _walk(hit: Collection[str], edges: Sequence[ServiceDependency]) -> dict[str, tuple[str, ...]]:
    users: dict[str, list[str]] = {}
    for edge in edges:
        users.setdefault(edge.depends_on, []).append(edge.service)
    paths: dict[str, tuple[str, ...]] = {service: (service,) for service in hit}
    queue = deque(sorted(hit))
    while queue:
        reached = queue.popleft()
        for user in sorted(users.get(reached, [])):
            if user not in paths:
                paths[user] = (*paths[reached], user)
                queue.append(user)
    return {service: path for service, path in paths.items() if service not in hit}
