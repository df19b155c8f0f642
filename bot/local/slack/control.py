"""The control API under `/local/`: what the page, the demo and the tests use to act as people and to look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from bot.local.slack import control_models as bodies
from bot.local.slack.blocks.validate import accept_attachments, accept_blocks
from bot.local.slack.errors import Refused, SlackError
from bot.local.slack.messages import Message
from bot.local.slack.outbox import Outbox, Patience
from bot.local.slack.people import People
from bot.local.slack.richtext import rich_text_of
from bot.local.slack.seed import ALERTMANAGER_APP_ID, ALERTMANAGER_BOT_ID, APP_ID, User
from bot.local.slack.views import Views
from bot.local.slack.webhooks import RequestUrls, Webhooks
from bot.local.slack.workspace import Workspace, unix_now
from tools.contracts.common import JsonObject

B = TypeVar("B", bound=BaseModel)


class Control:
    """The handlers that act. Those that only look are in :mod:`bot.local.slack.lookout`."""

    def __init__(
        self, workspace: Workspace, *, people: People, views: Views, outbox: Outbox, webhooks: Webhooks
    ) -> None:
        self._workspace = workspace
        self._people = people
        self._views = views
        self._outbox = outbox
        self._webhooks = webhooks

    def routes(self) -> list[web.RouteDef]:
        """Every POST route."""
        return [
            post("/local/say", bodies.Say, self.say),
            post("/local/edit", bodies.Edit, self.edit),
            post("/local/delete", bodies.Delete, self.delete),
            post("/local/alert", bodies.Alert, self.alert),
            post("/local/command", bodies.Command, self.command),
            post("/local/click", bodies.Click, self.click),
            post("/local/submit_view", bodies.SubmitView, self.submit_view),
            post("/local/close_view", bodies.CloseView, self.close_view),
            post("/local/react", bodies.React, self.react),
            post("/local/home", bodies.OpenHome, self.home),
            post("/local/assistant", bodies.OpenAssistant, self.assistant),
            post("/local/shortcut", bodies.Shortcut, self.shortcut),
            post("/local/join", bodies.Join, self.join),
            post("/local/visit", bodies.Visit, self.visit),
            post("/local/usergroup", bodies.SetUserGroup, self.usergroup),
            post("/local/delivery", bodies.Delivery, self.delivery),
        ]

    def _person(self, name: str) -> User:
        user = self._workspace.user(name)
        if user.is_bot:
            raise Refused(f"{user.name} is an app, and only people act here: nothing was done.")
        return user

    async def say(self, body: bodies.Say) -> JsonObject:
        channel = self._workspace.channel(body.channel)
        message = self._workspace.say(
            self._person(body.user),
            channel,
            text=body.text,
            thread_ts=body.thread_ts,
            files=[(file.name, file.data) for file in body.files],
            base=self._people.base(),
        )
        return {"ts": message.ts, "channel": channel.id}

    def _own(self, user: str, channel: str, ts: str) -> Message:
        message = self._workspace.message(self._workspace.channel(channel).id, ts)
        if message is None or message.user != self._person(user).id:
            raise Refused(f"{user} has no message {ts} there: nothing was changed.")
        return message

    async def edit(self, body: bodies.Edit) -> JsonObject:
        message = self._own(body.user, body.channel, body.ts)
        previous = message.shown()
        message.text = self._workspace.encode_mentions(body.text)
        message.blocks = rich_text_of(message.text)
        self._workspace.edited(message, previous, editor=str(message.user))
        return {"ts": message.ts}

    async def delete(self, body: bodies.Delete) -> JsonObject:
        message = self._own(body.user, body.channel, body.ts)
        self._workspace.delete(message)
        return {"ts": message.ts}

    async def alert(self, body: bodies.Alert) -> JsonObject:
        channel = self._workspace.channel(body.channel)
        if not (body.text or body.attachments or body.blocks):
            raise SlackError("no_text")
        blocks = accept_blocks(body.blocks) if body.blocks else []
        attachments = accept_attachments(body.attachments) if body.attachments else []
        if body.ts is not None:
            message = self._workspace.message(channel.id, body.ts)
            if message is None or message.bot_id != ALERTMANAGER_BOT_ID:
                raise Refused(f"The integration has no message {body.ts} there: nothing was changed.")
            previous = message.shown()
            message.text, message.blocks, message.attachments = body.text, blocks, attachments
            self._workspace.edited(message, previous, editor=ALERTMANAGER_BOT_ID)
            return {"ts": message.ts, "channel": channel.id}
        message = self._workspace.post(
            Message(
                channel.id,
                "",
                body.text,
                bot_id=ALERTMANAGER_BOT_ID,
                app_id=ALERTMANAGER_APP_ID,
                username=body.username,
                subtype="bot_message",
                blocks=blocks,
                attachments=attachments,
                thread_ts=body.thread_ts,
                team=body.team,
            )
        )
        return {"ts": message.ts, "channel": channel.id}

    async def command(self, body: bodies.Command) -> JsonObject:
        return await self._people.command(
            self._person(body.user),
            self._workspace.channel(body.channel),
            command=body.command,
            text=body.text,
            thread_ts=body.thread_ts,
        )

    async def click(self, body: bodies.Click) -> JsonObject:
        user = self._person(body.user)
        if body.view_id is not None:
            return await self._people.click_in_view(
                user, view_id=body.view_id, action_id=body.action_id, block_id=body.block_id, value=body.value
            )
        if body.channel is None or body.message_ts is None:
            raise Refused("A click needs channel and message_ts, or view_id: nothing was clicked.")
        return await self._people.click(
            user,
            self._workspace.channel(body.channel),
            ts=body.message_ts,
            action_id=body.action_id,
            block_id=body.block_id,
            value=body.value,
        )

    async def submit_view(self, body: bodies.SubmitView) -> JsonObject:
        user = self._person(body.user)
        return await self._people.submit_view(user, view_id=body.view_id, values=body.values)

    async def close_view(self, body: bodies.CloseView) -> JsonObject:
        return await self._people.close_view(self._person(body.user), view_id=body.view_id)

    async def react(self, body: bodies.React) -> JsonObject:
        channel = self._workspace.channel(body.channel)
        message = self._workspace.message(channel.id, body.ts)
        if message is None:
            raise Refused(f"There is no message {body.ts} in #{channel.name}: nothing was added.")
        return {"added": self._workspace.react(message, body.name, self._person(body.user).id)}

    async def home(self, body: bodies.OpenHome) -> JsonObject:
        user = self._person(body.user)
        view = self._views.homes.get(user.id)
        if "app_home_opened" in self._workspace.manifest.events:
            event: JsonObject = {
                "type": "app_home_opened",
                "user": user.id,
                "channel": self._direct(user.id),
                "tab": "home",
                "event_ts": f"{unix_now()}.000000",
            }
            self._outbox.event({**event, "view": view.shown()} if view else event)
        return {"view": view.shown() if view else None}

    async def assistant(self, body: bodies.OpenAssistant) -> JsonObject:
        user = self._person(body.user)
        channel = self._direct(user.id)
        looking_at = self._workspace.channel(body.context).id if body.context else None
        root = self._workspace.post(
            Message(
                channel,
                "",
                "New Assistant Thread",
                user=self._workspace.team.bot_user_id,
                bot_id=self._workspace.team.bot_id,
                app_id=APP_ID,
                subtype="assistant_app_thread",
            )
        )
        if "assistant_thread_started" in self._workspace.manifest.events:
            thread: JsonObject = {
                "user_id": user.id,
                "context": {"channel_id": looking_at, "team_id": self._workspace.team.id, "enterprise_id": None}
                if looking_at
                else {},
                "channel_id": channel,
                "thread_ts": root.ts,
            }
            self._outbox.event({"type": "assistant_thread_started", "assistant_thread": thread, "event_ts": root.ts})
        return {"channel": channel, "thread_ts": root.ts}

    async def shortcut(self, body: bodies.Shortcut) -> JsonObject:
        user = self._person(body.user)
        kind = "message" if body.message_ts else "global"
        if (kind, body.callback_id) not in self._workspace.manifest.shortcuts:
            raise Refused(f"There is no {kind} shortcut {body.callback_id} here: nothing was sent.")
        if body.message_ts is None:
            return await self._people.shortcut(user, callback_id=body.callback_id)
        channel = self._workspace.channel(body.channel or "")
        return await self._people.message_shortcut(user, channel, callback_id=body.callback_id, ts=body.message_ts)

    def _direct(self, user: str) -> str:
        channels = self._workspace.channels.values()
        return next(each.id for each in channels if each.kind == "im" and user in each.members)

    async def join(self, body: bodies.Join) -> JsonObject:
        user = self._workspace.user(body.user)
        self._workspace.join(self._workspace.channel(body.channel), user.id)
        return {"member": user.id, "is_app": user.id == self._workspace.team.bot_user_id}

    async def visit(self, body: bodies.Visit) -> JsonObject:
        if body.id in self._workspace.users and not self._workspace.users[body.id].team:
            raise Refused(f"{body.id} is of this workspace: nothing was shared.")
        user = User(body.id, body.name, body.name.title(), "Of another organisation", team=body.team)
        self._workspace.visit(self._workspace.channel(body.channel), user)
        return {"user": user.id}

    async def usergroup(self, body: bodies.SetUserGroup) -> JsonObject:
        group = self._workspace.usergroup(body.usergroup)
        self._workspace.set_usergroup(group, [self._workspace.user(name).id for name in body.users])
        return {"usergroup": group.handle, "users": group.users}

    async def delivery(self, body: bodies.Delivery) -> JsonObject:
        events = body.events_url or body.url
        asked_for_urls = body.model_fields_set & {"url", "events_url", "interactivity_url", "commands_url"}
        if asked_for_urls:
            urls = (
                RequestUrls(
                    events, body.interactivity_url or body.url or events, body.commands_url or body.url or events
                )
                if events
                else None
            )
            await self._webhooks.configure(urls)
        now = self._outbox.patience
        self._outbox.patience = Patience(
            ack=body.ack_seconds or now.ack,
            retries=now.retries if body.retry_seconds is None else tuple(body.retry_seconds),
        )
        return {"mode": "http" if self._webhooks.urls else "socket"}


def post(path: str, kind: type[B], handler: Callable[[B], Awaitable[JsonObject]]) -> web.RouteDef:
    """A POST route with a typed body. What a person could not do is 400 with a sentence."""

    async def handle(request: web.Request) -> web.Response:
        try:
            body = kind.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        try:
            answer = await handler(body)
        except Refused as refused:
            return web.json_response({"ok": False, "error": str(refused)}, status=400)
        except SlackError as error:
            return web.json_response(error.body(), status=400)
        return web.json_response({"ok": True, **answer})

    return web.post(path, handle)
