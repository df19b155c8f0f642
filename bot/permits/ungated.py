"""Which commands of `gavel` are asked of nobody, and why. Every other one is asked of the policies first."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

UNGATED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("up", "worker", "demo"), "the processes themselves: what they do is gated in them"),
        **dict.fromkeys(("doctor", "policy"), "what finds out why the policies do not answer"),
        **dict.fromkeys(("config", "contracts"), "tells of this version, of nobody's data"),
        "eval": "plays on sample data, under policies of its own",
        "ledger": "verifies the record, which must not depend on anything but the record and its key",
    }
)
"""Command → why it is asked of nobody."""
