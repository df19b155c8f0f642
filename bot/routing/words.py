"""What was measured of a model, in words."""

from __future__ import annotations

from agents.orchestrator.routing import Track


def track_words(track: Track) -> str:
    """`120 calls, 3 failed, success 93%, $0.0100 a call, 14 of 15 outcomes right`."""
    calls = "1 call" if track.calls == 1 else f"{track.calls:,} calls"
    cost = "cost unknown" if track.cost_usd is None else f"${track.cost_usd:.4f} a call"
    right = f", {track.right} of {track.judged} outcomes right" if track.judged else ""
    return f"{calls}, {track.failed:,} failed, success {track.success:.0%}, {cost}{right}"
