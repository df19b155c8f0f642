"""What every provider's module says of its provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.families import family_of

ProviderId = Literal["claude", "azure", "openai", "gemini", "bedrock", "ollama", "compatible"]

Environment = Mapping[str, str]
"""Without the variables that are empty: an empty one is how shells and compose files unset one."""


@dataclass(frozen=True)
class Connection:
    """How to reach a provider that is fully configured."""

    models: tuple[str, ...]
    """By the vendor's own names; the first is the one that is asked unless another is named. Never empty."""
    api_base: str | None = None
    api_key: str | None = field(default=None, repr=False)
    extra: tuple[tuple[str, str], ...] = ()
    """More litellm arguments."""


@dataclass(frozen=True)
class Missing:
    """A provider that is set up by half."""

    sentence: str
    """What is there, and what is missing."""


class Vendor(ABC):
    """One provider, before anything of it is configured."""

    identifier: ClassVar[ProviderId]
    name: ClassVar[str]
    """Shown in threads."""
    prefix: ClassVar[str]
    """How litellm's names for its models start, without the slash."""
    family: ClassVar[str]
    """Of a model whose name does not tell who trained it."""
    default_models: ClassVar[tuple[str, ...]] = ()
    """What is asked when nobody names a model, then others it serves. Empty: its owner decides what it serves."""
    fast_model: ClassVar[str | None] = None
    """Of the default models the one for parsing: quick and cheap. None: which is, its owner knows."""
    needs: ClassVar[str]
    """What has to be set, as it is shown to a person."""

    @abstractmethod
    def connect(self, env: Environment, models: Sequence[str]) -> Connection | Missing | None:
        """As an environment configures it; None: not at all. `models`: those that were named for it."""

    def models(self, named: Sequence[str]) -> tuple[str, ...]:
        """Those that were named, else the defaults."""
        return tuple(dict.fromkeys(named)) or self.default_models

    def member(self, connection: Connection, model: str | None = None) -> Member:
        """The member that is one of this provider's models; None: its first."""
        first = connection.models[0]
        chosen = model or first
        return Member(
            name=self.name if chosen == first else f"{self.name} ({chosen})",
            model=f"{self.prefix}/{chosen}",
            family=self.family_of(chosen),
            api_base=connection.api_base,
            api_key=connection.api_key,
            extra=connection.extra,
            provider=self.identifier,
        )

    def family_of(self, model: str) -> str:
        """By name where that tells: an address can point at someone else's models."""
        return family_of(model, otherwise=self.family)


def and_list(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
