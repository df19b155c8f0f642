"""The investigation of a group of alerts: begun, or refused; with its reason in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents.orchestrator.escalation import Spending
from bot.alerts.names import alert_id
from bot.budgets.limits import ALERT_USER, STORM_USER
from bot.ledger.ledger import Ledger
from bot.roles import RoleDirectory
from bot.workflows.activities.retrying import retried
from bot.workflows.messages import TaskRequest
from bot.workflows.messages.alerts import AlertEntry
from bot.workflows.messages.triage import Opened, OpenInput
from policies.commands import Decides, Wish, refusals
from tools.contracts.signing import is_authentic, sign

MOST_TEXT = 8000
"""Characters of an investigation's request."""

MOST_REASONS = 300
"""Characters of why somebody may not ask for one. An org's own policies may have much to say."""

NAMED = 15
"""Other alerts of a group that its request names."""


@dataclass(frozen=True)
class Words:
    """All that an alert said, from the ledger. Untrusted; redacted before it was written down."""

    text: str
    labels: dict[str, str]
    redacted: list[str]


_WORDS = TypeAdapter(Words)


@dataclass(frozen=True)
class Inquiring:
    ledger: Ledger
    spending: Spending
    roles: RoleDirectory
    policies: Decides
    key: bytes
    """Vouches for the investigations that are opened, and proves the alerts that they are about."""
    now: Callable[[], datetime]

    @activity.defn(name="open_investigation")
    async def open_investigation(self, message: OpenInput) -> Opened:
        """The request of a group's task, signed; or why it is not looked into. Written down in either case."""
        if not message.entries or not all(self._vouched(entry, message) for entry in message.entries):
            raise ApplicationError("These are no alerts that Gavel can vouch for.", non_retryable=True)
        first = message.entries[0]
        user = message.asked_by or (
            f"{STORM_USER}{message.storm}" if message.storm else f"{ALERT_USER}{first.fingerprint[:16]}"
        )
        again = f".e{first.episode}" if first.episode > 1 else ""
        # A severity is risen to once in an episode: there is one task for each.
        again += f".{first.severity}" if message.risen else ""
        task = f"{message.org}.{message.channel}.{message.thread_ts}{again}"
        name = alert_id(message.org, message.channel, first.fingerprint)
        async with retried(task):
            refusal = message.refusal or await self._not_theirs(message.org, message.asked_by)
            refusal = refusal or await self._over_budget(message.org, user, task)
            words = await self._words(first, name)
            await self.ledger.record(
                "alert_triaged",
                {
                    "group": message.group,
                    "title": first.title,
                    "labels": words.labels,
                    "storm": message.storm,
                    "alerts": [entry.fingerprint for entry in message.entries],
                    "task": "" if refusal else task,
                    "refusal": refusal,
                    "asked_by": message.asked_by,
                },
                org=message.org,
                task_id=name,
                actor="gavel",
                key=f"triaged:{first.opened_at}:{message.group}",
            )
            if refusal:
                return Opened(request=None, refusal=refusal)
            request = TaskRequest(
                task_id=task,
                org=message.org,
                user=user,
                source="alert",
                channel=message.channel,
                thread_ts=message.thread_ts,
                message_ts=first.message_ts or message.thread_ts,
                text=request_text(words.text, message.entries),
                redacted=words.redacted,
                received_at=self.now().isoformat(),
                limits=first.rules.limits,
            )
            return Opened(request=sign(request, self.key))

    async def _not_theirs(self, org: str, asked_by: str) -> str:
        """Asked again when its turn has come: who asked may have lost their role since.

        Raises `RolesUnavailable` and `PolicyUnavailable`.
        """
        if not asked_by:
            return ""
        roles = await self.roles.roles_of(asked_by)
        reasons = await refusals(self.policies, Wish(org, asked_by, "look_into", "button"), roles=roles)
        if not reasons:
            return ""
        return (
            f"Not looked into: whoever asked for it may not. The policies say: “{'; '.join(reasons)[:MOST_REASONS]}”."
        )

    async def _over_budget(self, org: str, user: str, task: str) -> str:
        why = await self.spending.may_spend(org=org, user=user, task_id=task)
        return f"Not looked into. {why}" if why else ""

    def _vouched(self, entry: AlertEntry, message: OpenInput) -> bool:
        return (entry.org, entry.channel) == (message.org, message.channel) and is_authentic(entry, self.key)

    async def _words(self, entry: AlertEntry, name: str) -> Words:
        """What the desk keeps of it, where the ledger has no more."""
        kept = await self.ledger.newest(entry.org, name, [entry.heard])
        try:
            return _WORDS.validate_python({key: (kept or {}).get(key) for key in ("text", "labels", "redacted")})
        except ValidationError:
            return Words(text="", labels=entry.labels, redacted=[])


def request_text(text: str, entries: list[AlertEntry]) -> str:
    """What the first one said, and the names of those that came with it."""
    first, others = entries[0], entries[1:]
    text = text or first.title
    if others:
        named = "\n".join(f"- {entry.title} ({entry.severity})" for entry in others[:NAMED])
        text = f"{text[: MOST_TEXT - 4000]}\nFiring together with it, {len(others)} more:\n{named}"
    return text[:MOST_TEXT]
