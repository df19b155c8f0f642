"""The evidence book of an investigation: every tool result, as models see it, and as code checks what they cite."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from pydantic import BaseModel

from prompts.fence import fence
from tools.base import ToolResult
from tools.contracts.common import JsonObject
from tools.contracts.council import Claim
from tools.contracts.plan import Evidence, Receipt
from tools.receipts import holds, names_in

Output = TypeVar("Output", bound=BaseModel)

ReceiptCheck = Literal["hold", "fail", "none"]

_NOT_FOR_MODELS = frozenset({"fingerprint", "expectations", "actions", "rollback"})
"""Long values that no judgement rests on. Code reads them from the results themselves."""


@dataclass
class EvidenceBook:
    """Results in the order of their calls. Filled by one investigation."""

    results: list[ToolResult] = field(default_factory=list[ToolResult])
    _names: tuple[int, frozenset[str]] = field(default=(0, frozenset()), init=False, repr=False, compare=False)
    """Of so many results, and those."""

    def add(self, result: ToolResult) -> None:
        self.results.append(result)

    def outputs(self, tool: str, model: type[Output]) -> Iterator[Output]:
        """Every successful result of a tool, typed."""
        for result in self.results:
            if result.call.tool == tool and result.output is not None:
                yield model.model_validate(result.output)

    @property
    def succeeded(self) -> list[ToolResult]:
        return [result for result in self.results if result.ok]

    @property
    def call_ids(self) -> list[str]:
        return [result.call.id for result in self.results]

    def failures(self) -> list[str]:
        """A sentence for each failed call."""
        return [
            f"{result.call.tool[:64]} failed ({result.failure.kind}): {result.failure.message}"[:300]
            for result in self.results
            if result.failure is not None
        ]

    def rendered(self) -> str:
        """All of it for a prompt: parameters and results, fenced, errors as errors."""
        return "\n\n".join(
            fence(_compact(result.call.params), "tool_params", call=result.call.id, tool=result.call.tool)
            + "\n"
            + shown(result)
            for result in self.results
        )

    def cited(self) -> list[Evidence]:
        """What a plan lists as the evidence it rests on."""
        return [
            Evidence(
                tool_call_id=result.call.id,
                tool=result.call.tool,
                result_digest=result.digest,
                summary=summary(result),
            )
            for result in self.succeeded
        ]

    def check(self, claim: Claim) -> ReceiptCheck:
        """Whether every value a claim cites is where it says. `none`: it cites nothing."""
        if not claim.receipts:
            return "none"
        return "hold" if self.holds(claim.receipts) else "fail"

    def holds(self, receipts: Sequence[Receipt]) -> bool:
        """Whether every one of them, and there is one, names a value that stands where it says."""
        return bool(receipts) and all(holds(receipt, self.by_call) for receipt in receipts)

    @property
    def by_call(self) -> dict[str, JsonObject]:
        """Call id → output, of every call that succeeded."""
        return {result.call.id: result.output for result in self.results if result.ok and result.output is not None}

    @property
    def names(self) -> frozenset[str]:
        """What the results name: see :func:`tools.receipts.names_in`. Several ask, and looking takes long."""
        if self._names[0] != len(self.results):
            self._names = len(self.results), names_in(self.by_call)
        return self._names[1]


def shown(result: ToolResult) -> str:
    """One result as a model sees it, in the tool loop and as evidence alike."""
    tool, call = result.call.tool, result.call.id
    if result.failure is not None:
        text = f"{result.failure.kind}: {result.failure.message}"
        return fence(text, "tool_error", limit=2000, tool=tool, call=call)
    return fence(_compact(result.output), "tool_result", tool=tool, call=call)


def summary(result: ToolResult) -> str:
    """What came back, in a few words of our own: the output's counts and single values, two levels deep."""
    return ", ".join(_counted(result.output or {}, deeper=True))[:200] or result.call.tool[:64]


def _counted(output: JsonObject, *, deeper: bool) -> Iterator[str]:
    for name, value in output.items():
        if name == "server_data":  # not in its own words: they end up in plans, and on cards
            yield from [] if value is None else [name]
        elif isinstance(value, list):
            yield f"{len(cast('list[object]', value))} {name}"
        elif isinstance(value, (str, int, float)):
            yield f"{name} {value}"
        elif isinstance(value, dict) and deeper:
            yield from _counted(cast("JsonObject", value), deeper=False)


def _compact(value: JsonObject | None) -> str:
    """Names in order: the same result is the same text, whether it comes from the tool or back from the ledger."""
    return json.dumps(_pruned(value), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _pruned(value: Any) -> Any:
    """Without nulls, empty values and what is not for models. Array positions stay, so JSON Pointers stay true."""
    if isinstance(value, dict):
        return {
            name: _pruned(item)
            for name, item in cast("dict[str, Any]", value).items()
            if name not in _NOT_FOR_MODELS and item not in (None, {})
        }
    if isinstance(value, list):
        return [_pruned(item) for item in cast("list[Any]", value)]
    return value
