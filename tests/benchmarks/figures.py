"""A measurement: printed with its bound and the command that makes it, and then held to the bound."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Literal

COMMAND = "make bench ARGS='-k {chosen}'"


def held(
    what: str,
    value: float,
    *,
    unit: str,
    bound: float,
    kind: Literal["at most", "at least"] = "at most",
    chosen: str,
    beside: str = "",
) -> None:
    """Print the figure and assert its bound. `chosen`: the test's name, as pytest's -k takes it; `beside`: the floor it
    was measured against, or the rest of the distribution.
    """
    good = value <= bound if kind == "at most" else value >= bound
    words = f"{what}: {value:.3g} {unit}".strip() + f", {kind} {bound:g}" + (f" ({beside})" if beside else "")
    print(f"\n  {'✓' if good else '✗'} {words}\n    {COMMAND.format(chosen=chosen)}", flush=True)
    assert good, words


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was measured."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """`p50 3.1, p99 7.4 ms of 600`."""
    return f"p50 {percentile(values, 50):.3g}, p99 {percentile(values, 99):.3g} {unit} of {len(values)}"


def now_ms() -> float:
    return 1000 * time.perf_counter()
