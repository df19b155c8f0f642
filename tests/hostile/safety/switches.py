"""One gate taken out, in a copy: what it stops must then get through, or the harness could not see an escape."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from bot.blocks import text as dialects
from policies.gate import Finding, JudgeContext
from policies.policy import PolicyGate
from policies.safety import SafetyGate
from tools.base import Tool, ToolCall
from tools.contracts.common import JsonObject
from tools.guards.base import ToolGuard


@dataclass(frozen=True)
class _Open(ToolGuard):
    """A guard that guards nothing, whatever it was given to guard with."""

    key: bytes = b""
    now: object = None
    authorizer: object = None

    async def run(self, call: ToolCall, tool: Tool) -> JsonObject:
        return await self.inner.run(call, tool)


async def _nods(_gate: object, _plan: JsonObject, _context: JudgeContext) -> Finding:
    return Finding([], engine="none", policy_digest="sha256:" + "0" * 64)


def _no_policy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PolicyGate, "judge", _nods)


def _no_safety(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SafetyGate, "judge", _nods)


def _no_guards(patch: pytest.MonkeyPatch) -> None:
    for name in ("AllowedTool", "Granted", "PolicyAllows"):
        patch.setattr(f"tools.dispatcher.{name}", _Open)


def _no_redaction_of_answers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tests.hostile.safety.playing.redacted_answer", _as_it_is)


def _no_escaping(patch: pytest.MonkeyPatch) -> None:
    """In every module that took one of the dialects, and in layer 1's."""
    patch.setattr("agents.meta_prompt.harmless", _cut)
    for module in [module for name, module in sys.modules.items() if name.startswith(("bot.blocks", "bot.narrator"))]:
        for dialect in ("escape", "inline", "markdown"):
            if getattr(module, dialect, None) is getattr(dialects, dialect) and module is not dialects:
                patch.setattr(module, dialect, _cut)


def _as_it_is(text: str) -> str:
    return text


def _cut(text: str, limit: int = 300) -> str:
    return text[:limit]


SWITCHES: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "policy": _no_policy,
    "safety": _no_safety,
    "dispatcher": _no_guards,
    "redaction of answers": _no_redaction_of_answers,
    "renderer": _no_escaping,
}


@contextmanager
def without(name: str) -> Generator[None]:
    """The gate is back at the end."""
    with pytest.MonkeyPatch.context() as patch:
        SWITCHES[name](patch)
        yield
