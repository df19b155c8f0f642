"""What people do: click, run slash commands, submit modals. Slack asks the app and shows what comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bot.local.slack.blocks.validate import accept_attachments, accept_blocks, accept_view
from bot.local.slack.elements import action, find, state_of, unanswered
from bot.local.slack.errors import Refused, SlackError
from bot.local.slack.events import VERIFICATION_TOKEN
from bot.local.slack.jsonvalues import is_object, objects
from bot.local.slack.messages import Change, Message
from bot.local.slack.outbox import Outbox
from bot.local.slack.seed import APP_ID, GRID_NAME, SLACKBOT_ID, Channel, User
from bot.local.slack.tickets import ResponseUrls, Triggers
from bot.local.slack.transport import NotAcked
from bot.local.slack.views import View, Views
from bot.local.slack.workspace import Workspace
from tools.contracts.common import JsonObject


class People:
    """The people of the workspace, acting. `base` is where this server can be reached."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        outbox: Outbox,
        views: Views,
        triggers: Triggers,
        urls: ResponseUrls,
        base: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._outbox = outbox
        self._views = views
        self._triggers = triggers
        self._urls = urls
        self.base = base
        self._touched: dict[str, dict[str, dict[str, Any]]] = {}

    def _common(self, kind: str, user: User, *, view: str | None = None) -> JsonObject:
        home = self._workspace.team
        theirs, own = user.team or home.id, {"id": home.id, "domain": home.domain}
        # Of a form Slack tells the workspace of whoever sent it; which has the app, the view says.
        of_form = kind.startswith("view_") and theirs != home.id
        return {
            "type": kind,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": theirs},
            "api_app_id": APP_ID,
            "token": VERIFICATION_TOKEN,
            "trigger_id": self._triggers.issue(user.id, view=view),
            # Slack names no workspace where the app is installed for all of an enterprise.
            "team": {"id": theirs, "domain": theirs.lower()} if of_form else None if home.enterprise else own,
            "enterprise": home.shown_enterprise,
            "is_enterprise_install": bool(home.enterprise),
        }

    async def _ask_interactive(self, payload: JsonObject, user: User) -> JsonObject:
        """What the person gets back: `ok`, and how long it took, or Slack's `operation_timeout`."""
        started = time.monotonic()
        try:
            answer = await self._outbox.ask("interactive", payload)
        except NotAcked:
            sentence = "The app did not respond in time (operation_timeout). Nothing else happened; try again."
            self._workspace.tell(Change("notice", user=user.id, detail={"text": sentence}))
            return {"ok": False, "acked": False, "error": "operation_timeout", "message": sentence}
        return {"ok": True, "acked": True, "ack_ms": (time.monotonic() - started) * 1000, "answer": answer}

    async def click(
        self, user: User, channel: Channel, *, ts: str, action_id: str, block_id: str | None = None, value: Any = None
    ) -> JsonObject:
        """Touch an element of a message as it is now. Raises :class:`Refused` for what a person could not do."""
        message = self._workspace.message(channel.id, ts)
        if message is None or user.id not in channel.members:
            raise Refused(f"{user.name} sees no message {ts} in #{channel.name}: nothing was clicked.")
        if message.ephemeral_to not in {None, user.id}:
            raise Refused(f"Message {ts} is visible to somebody else only: nothing was clicked.")
        blocks = message.current_blocks() + [
            block for attachment in message.attachments for block in objects(attachment.get("blocks"))
        ]
        found_in, element = find(blocks, action_id, block_id)
        done = action(element, found_in, value)
        if "selected_option" in done or "selected_options" in done or value is not None:
            self._touched.setdefault(message.key, {}).setdefault(found_in, {})[action_id] = value
        container: JsonObject = {
            "type": "message",
            "message_ts": ts,
            "channel_id": channel.id,
            "is_ephemeral": message.ephemeral_to is not None,
        }
        payload = {
            **self._common("block_actions", user),
            "container": container,
            "channel": {"id": channel.id, "name": channel.name if channel.kind == "channel" else "directmessage"},
            "state": state_of(blocks, self._touched.get(message.key)),
            "response_url": self._urls.issue(
                self.base(), user=user.id, channel=channel.id, message_ts=ts, thread_ts=message.thread_ts
            ),
            "actions": [done],
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        if message.ephemeral_to is None:
            payload["message"] = {**message.shown(all_metadata=True), "team": message.team or self._workspace.team.id}
        result = await self._ask_interactive(payload, user)
        result.pop("answer", None)
        return result

    async def click_in_view(
        self, user: User, *, view_id: str, action_id: str, block_id: str | None = None, value: Any = None
    ) -> JsonObject:
        """Touch an element of an open modal or of the home tab."""
        view = self._seen_view(user, view_id)
        blocks = objects(view.body.get("blocks"))
        found_in, element = find(blocks, action_id, block_id)
        done = action(element, found_in, value)
        if value is not None:
            view.touched.setdefault(found_in, {})[action_id] = value
        payload = {
            **self._common("block_actions", user, view=view.id),
            "container": {"type": "view", "view_id": view.id},
            "view": view.shown(state_of(blocks, view.touched)),
            "actions": [done],
        }
        result = await self._ask_interactive(payload, user)
        result.pop("answer", None)
        return result

    async def shortcut(self, user: User, *, callback_id: str) -> JsonObject:
        """Pick a global shortcut."""
        payload = {**self._common("shortcut", user), "callback_id": callback_id, "action_ts": f"{time.time():.6f}"}
        result = await self._ask_interactive(payload, user)
        result.pop("answer", None)
        return result

    async def message_shortcut(self, user: User, channel: Channel, *, callback_id: str, ts: str) -> JsonObject:
        """Pick a shortcut of a message. Raises :class:`Refused` for a message that the person does not see."""
        message = self._workspace.message(channel.id, ts)
        if message is None or user.id not in channel.members or message.ephemeral_to not in {None, user.id}:
            raise Refused(f"{user.name} sees no message {ts} in #{channel.name}: nothing was sent.")
        payload = {
            **self._common("message_action", user),
            "callback_id": callback_id,
            "action_ts": f"{time.time():.6f}",
            "message_ts": ts,
            "channel": {"id": channel.id, "name": channel.name if channel.kind == "channel" else "directmessage"},
            "message": {**message.shown(all_metadata=True), "team": message.team or self._workspace.team.id},
            "response_url": self._urls.issue(
                self.base(), user=user.id, channel=channel.id, thread_ts=message.thread_ts
            ),
        }
        result = await self._ask_interactive(payload, user)
        result.pop("answer", None)
        return result

    def _seen_view(self, user: User, view_id: str) -> View:
        for view in (self._views.top(user.id), self._views.homes.get(user.id)):
            if view is not None and view.id == view_id:
                return view
        raise Refused(f"{user.name} has no view {view_id} in front of them: nothing was sent.")

    async def submit_view(self, user: User, *, view_id: str, values: dict[str, dict[str, Any]]) -> JsonObject:
        """Press Submit. `values`: block id, action id, what was entered."""
        view = self._seen_view(user, view_id)
        blocks = objects(view.body.get("blocks"))
        for block_id, given in values.items():
            for action_id, value in given.items():
                find(blocks, action_id, block_id)
                view.touched.setdefault(block_id, {})[action_id] = value
        state = state_of(blocks, view.touched)
        problems = unanswered(blocks, state)
        if problems:
            return {"ok": False, "acked": False, "errors": problems}
        payload: JsonObject = {
            **self._common("view_submission", user, view=view.id),
            "view": view.shown(state),
            "response_urls": [],
        }
        result = await self._ask_interactive(payload, user)
        if not result["ok"]:
            return {**result, "message": "We had some trouble connecting. Try again?"}
        answer = result.pop("answer")
        try:
            return {**result, **self._respond_to_view(user, answer)}
        except SlackError as error:
            return {**result, "ok": False, "error": error.name, "messages": list(error.messages)}

    def _respond_to_view(self, user: User, answer: object) -> JsonObject:
        said = answer if is_object(answer) else {}
        match said.get("response_action"):
            case "errors":
                return {"ok": False, "response_action": "errors", "errors": said.get("errors")}
            case "update":
                top = self._views.top(user.id)
                if top is not None:
                    self._views.update(said.get("view"), view_id=top.id)
                return {"response_action": "update"}
            case "push":
                self._views.push_for(user.id, accept_view(said.get("view")))
                return {"response_action": "push"}
            case "clear":
                self._views.close_all(user.id)
                return {"response_action": "clear"}
            case _:
                self._views.close_top(user.id)
                return {}

    async def close_view(self, user: User, *, view_id: str) -> JsonObject:
        """Press Cancel. The app hears of it when it asked to (`notify_on_close`)."""
        view = self._seen_view(user, view_id)
        self._views.close_top(user.id)
        if not view.body.get("notify_on_close"):
            return {"ok": True}
        payload = {**self._common("view_closed", user), "view": view.shown(), "is_cleared": False}
        result = await self._ask_interactive(payload, user)
        result.pop("answer", None)
        return result

    async def command(
        self, user: User, channel: Channel, *, command: str, text: str, thread_ts: str | None = None
    ) -> JsonObject:
        """Run a slash command. What fails shows as Slackbot's words to that person only."""
        if command not in self._workspace.manifest.commands:
            raise Refused(f"{command} is not a valid command here.")
        if user.id not in channel.members:
            raise Refused(f"{user.name} is not in #{channel.name}: nothing was sent.")
        if user.team:
            raise Refused(f"{user.name} is of {user.team}, which does not have the app: nothing was sent.")
        team = self._workspace.team
        payload: JsonObject = {
            "token": VERIFICATION_TOKEN,
            "team_id": team.id,
            "team_domain": team.domain,
            "channel_id": channel.id,
            "channel_name": channel.name if channel.kind == "channel" else "directmessage",
            "user_id": user.id,
            "user_name": user.name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            **({"enterprise_id": team.enterprise, "enterprise_name": GRID_NAME} if team.enterprise else {}),
            "is_enterprise_install": "true" if team.enterprise else "false",
            "response_url": self._urls.issue(self.base(), user=user.id, channel=channel.id, thread_ts=thread_ts),
            "trigger_id": self._triggers.issue(user.id),
        }
        started = time.monotonic()
        try:
            answer = await self._outbox.ask("slash_commands", payload)
            took = (time.monotonic() - started) * 1000
            if answer:
                self.show(answer, user=user.id, channel=channel.id, thread_ts=thread_ts)
        except NotAcked as failure:
            name = "operation_timeout" if failure.reason in {"timeout", "http_timeout"} else "dispatch_failed"
        except SlackError as error:
            name = error.name
        else:
            return {"ok": True, "acked": True, "ack_ms": took}
        sentence = f'{command} failed with the error "{name}"'
        self._workspace.post(
            Message(channel.id, "", sentence, user=SLACKBOT_ID, ephemeral_to=user.id, thread_ts=thread_ts)
        )
        return {"ok": False, "acked": False, "error": name, "message": sentence}

    def show(self, answer: JsonObject, *, user: str, channel: str, thread_ts: str | None) -> Message | None:
        """Post what the app answered: to the person only, unless it says `in_channel`."""
        blocks = accept_blocks(answer["blocks"]) if answer.get("blocks") else []
        attachments = accept_attachments(answer["attachments"]) if answer.get("attachments") else []
        text = str(answer.get("text") or "")
        if not text and not blocks and not attachments:
            return None
        return self._workspace.post(
            Message(
                channel,
                "",
                text,
                user=self._workspace.team.bot_user_id,
                bot_id=self._workspace.team.bot_id,
                app_id=APP_ID,
                blocks=blocks,
                attachments=attachments,
                thread_ts=thread_ts,
                ephemeral_to=None if answer.get("response_type") == "in_channel" else user,
            )
        )

    def respond(self, name: str, body: object) -> None:
        """A use of a response URL. Raises `used_url`, `expired_url`, `no_text` or what is wrong with the blocks."""
        target = self._urls.use(name)
        said = body if is_object(body) else {}
        original = self._workspace.message(target.channel, target.message_ts) if target.message_ts else None
        if said.get("delete_original"):
            if original is not None:
                self._workspace.delete(original)
            return
        if said.get("replace_original") and original is not None:
            blocks = accept_blocks(said["blocks"]) if said.get("blocks") else []
            text = str(said.get("text") or "")
            if not text and not blocks:
                raise SlackError("no_text")
            previous = original.shown()
            original.text, original.blocks = text, blocks
            self._workspace.edited(original, previous, editor=self._workspace.team.bot_user_id)
            return
        thread_ts = said.get("thread_ts") or target.thread_ts
        shown = self.show(
            said, user=target.user, channel=target.channel, thread_ts=str(thread_ts) if thread_ts else None
        )
        if shown is None:
            raise SlackError("no_text")
