"""Mentions, direct messages and alerts: the events that start a task, and those that must not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from bot.alerts.door import AlertDoor, seen_in_slack
from bot.alerts.edited import said_by_edit
from bot.alerts.parse import notice_of
from bot.attachments.ids import FILE_ID
from bot.intake import Arrival, Intake, TaskEnded
from bot.listeners.openers import OpenerOf
from bot.listeners.orgs import org_of
from bot.listeners.people import is_direct, is_mention
from bot.slack_web import listed
from bot.workflows.messages import Answer

_MENTION = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>")


MOST_FILES = 20
"""Ids handed over: what Temporal carries is bounded. Of more it is not even counted how many."""


def attached(event: dict[str, Any]) -> tuple[str, ...]:
    """Slack's ids of the files in a message. Nothing else that the event says of them is used: Slack is asked."""
    files: object = event.get("files")
    found = [item.get("id") for item in listed(files)]
    return tuple(name for name in found if isinstance(name, str) and FILE_ID.fullmatch(name))[:MOST_FILES]


@dataclass(frozen=True)
class EventListeners:
    """Each takes Slack's event body. An exception means: not acknowledged, so Slack sends it again."""

    intake: Intake
    alerts: AlertDoor
    org: str | None
    bot_user: str
    """Our own user id: our messages start nothing."""
    alert_channels: frozenset[str]
    """Channel ids."""
    opener_of: OpenerOf
    """Asked of threads that we began ourselves, as one is for a slash command."""

    async def on_mention(self, body: dict[str, Any]) -> None:
        """A mention in a channel. In a thread it first is an answer to the task of that thread."""
        event: dict[str, Any] = body["event"]
        if not is_mention(event, bot_user=self.bot_user):
            return
        await self._take(body, event, self._arrival(body, event, source="mention"))

    async def on_message(self, body: dict[str, Any]) -> None:
        """Every other message: a DM starts a task, one in an alert channel may be an alert, the rest is not ours."""
        event: dict[str, Any] = body["event"]
        if event.get("subtype") == "message_changed":
            await self._edited(body, event)
            return
        if event.get("user") == self.bot_user or event.get("subtype") not in (None, "bot_message", "file_share"):
            return
        from_app = bool(event.get("bot_id")) or event.get("subtype") == "bot_message"
        if event["channel"] in self.alert_channels:
            if from_app and not event.get("thread_ts"):
                await self._alert(body, event)
            return
        if is_direct(event, bot_user=self.bot_user):
            await self._take(body, event, self._arrival(body, event, source="dm"))

    async def _alert(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        notice = notice_of(event)
        seen = seen_in_slack(notice, str(event["ts"]), now=self.alerts.now())
        await self.alerts.take(notice, seen, org=self._org(body), channel=event["channel"])

    async def _edited(self, body: dict[str, Any], event: dict[str, Any]) -> None:
        """A monitor says how its alert goes on by editing its message. What people edit starts and ends nothing."""
        if event["channel"] not in self.alert_channels:
            return
        for notice, seen in said_by_edit(event, bot_user=self.bot_user, now=self.alerts.now):
            await self.alerts.take(notice, seen, org=self._org(body), channel=event["channel"])

    async def _take(self, body: dict[str, Any], event: dict[str, Any], arrival: Arrival) -> None:
        """A message in a thread is for the task at work there; else it is a request, which knows the last task."""
        thread = event.get("thread_ts")
        if not thread or thread == event["ts"]:
            await self.intake.accept(arrival)
            return
        answer = Answer(
            org=self._org(body),
            task_id=f"{self._org(body)}.{event['channel']}.{thread}",
            question_id="",
            user=event["user"],
            text=_MENTION.sub("", str(event.get("text", ""))).strip(),
            unique=event["ts"],
            files=list(attached(event)),
        )
        last = await self._reply(answer, arrival, ours=event.get("parent_user_id") in (None, self.bot_user))
        if last is not None:
            await self.intake.accept(replace(arrival, follows=last))

    async def _reply(self, answer: Answer, arrival: Arrival, *, ours: bool) -> str | None:
        """As :meth:`bot.intake.Intake.reply` says; empty: the thread never had a task. `ours`: we may have begun it."""
        try:
            return await self.intake.reply(answer, arrival=arrival)
        except TaskEnded:
            opener = await self.opener_of(arrival.channel, arrival.thread_ts or "") if ours else None
        if opener is None:
            return ""
        try:
            return await self.intake.reply(replace(answer, task_id=opener), arrival=arrival)
        except TaskEnded:
            return ""

    def _arrival(self, body: dict[str, Any], event: dict[str, Any], *, source: str) -> Arrival:
        return Arrival(
            org=self._org(body),
            user=event["user"],
            source="dm" if source == "dm" else "mention",
            channel=event["channel"],
            text=str(event.get("text", "")),
            thread_ts=event.get("thread_ts") or event["ts"],
            message_ts=event["ts"],
            unique=event["ts"],
            files=attached(event),
        )

    def _org(self, body: dict[str, Any]) -> str:
        return org_of(body, self.org)
