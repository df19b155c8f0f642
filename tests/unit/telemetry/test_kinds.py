"""Every event that the app asks Slack for is counted under its own name."""

from __future__ import annotations

from pathlib import Path

import yaml

from bot.telemetry.intake import KINDS, known_kind

MANIFEST = Path(__file__).parents[3] / "manifest.yml"


def test_every_event_of_the_manifest_has_a_kind() -> None:
    subscribed = yaml.safe_load(MANIFEST.read_text("utf-8"))["settings"]["event_subscriptions"]["bot_events"]
    # Messages are one kind, wherever they are.
    assert {event.partition(".")[0] for event in subscribed} <= KINDS


def test_what_an_envelope_is_follows_from_its_payload_and_is_never_what_somebody_wrote() -> None:
    assert known_kind({"type": "event_callback", "event": {"type": "app_mention"}}) == "app_mention"
    assert known_kind({"command": "/gavel", "text": "x"}) == "slash_command"
    assert known_kind({"type": "block_actions"}) == "block_actions"
    for strange in ({}, {"type": "<!channel>"}, {"event": {"type": ["a"]}}, {"event": "x", "type": 5}):
        assert known_kind(strange) == "other"
