"""The cards of alerts and storms, made from one hostile string."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks.alerts import alert_card, got_worse, storm_card, without_blocks
from bot.blocks.message import Message
from bot.workflows.messages import TaskLimits
from bot.workflows.messages.alerts import AlertEntry, TriageRules
from bot.workflows.messages.triage import AlertFace, StormFace
from tools.contracts.alert_notice import NoticeStatus


def alert_cards(text: str) -> Iterator[tuple[str, Message]]:
    """Name and message of each."""
    statuses: tuple[NoticeStatus, ...] = ("firing", "resolved")
    for status in statuses:
        face = AlertFace(_entry(text, status), text, "1.0", "", known_before=False, lead_ts="1.0", may_be_asked=True)
        card = alert_card(face, lead_link=f"https://acme.slack.com/archives/C1/p1{text}")
        yield f"alert {status}", card
        yield f"alert {status} in plain text", without_blocks(card, text)
        yield f"alert {status} got worse", got_worse(face.entry, "info")
    for over in (False, True):
        face = StormFace(
            id="C1.x",
            began_at="2026-11-26T12:00:00+00:00",
            alerts=10_000,
            firing=9_999,
            count=1_000_000,
            critical=1,
            groups=50,
            running=2,
            done=3,
            waiting=40,
            skipped=5,
            worst=[text] * 5,
            left_out=7,
            over=over,
            card_ts="",
            known_before=False,
        )
        yield f"storm {over}", storm_card(face)


def _entry(text: str, status: NoticeStatus) -> AlertEntry:
    return AlertEntry(
        org="T1",
        channel="C1",
        fingerprint="f" * 16,
        episode=4,
        status=status,
        severity="critical",
        source="text",
        title=text or "x",
        labels=dict.fromkeys(("service", "host", "instance", "site", "cluster", "environment", "namespace"), text),
        count=3,
        opened_at="2026-11-26T12:00:00+00:00",
        changed_at="2026-11-26T13:00:00+00:00",
        message_ts="1.0",
        names=[],
        born_at="2026-11-26T12:00:00+00:00",
        reports=0,
        fresh=True,
        heard="",
        rules=TriageRules(TaskLimits()),
    )
