"""The ids of the workflows that alerts live in, and the path by which Alertmanager brings them."""

from __future__ import annotations

WEBHOOK_PATH = "/alerts/alertmanager"


def alert_id(org: str, channel: str, fingerprint: str) -> str:
    return f"{org}.alert.{channel}.{fingerprint}"


def desk_id(org: str, channel: str) -> str:
    return f"{org}.triage.{channel}"
