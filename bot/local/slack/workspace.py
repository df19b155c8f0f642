"""The workspace: people, channels and messages, and who is told when something changes."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from bot.local.slack.clock import TsClock, number_of
from bot.local.slack.credentials import Credentials, load_credentials
from bot.local.slack.errors import Refused, SlackError
from bot.local.slack.journal import Journal
from bot.local.slack.messages import MAX_TEXT, Change, Message
from bot.local.slack.richtext import rich_text_of
from bot.local.slack.seed import (
    APP_ID,
    DEFAULT_MANIFEST,
    HOME_TEAM,
    AppManifest,
    Channel,
    Team,
    User,
    UserGroup,
    seed_channels,
    seed_usergroups,
    seed_users,
)
from bot.local.slack.shelf import Shelf
from tools.contracts.common import JsonObject

Listener = Callable[[Change], None]

STREAM_SECONDS = 300.0
"""Slack closes a streaming message about this long after it started."""

_HANDLE = re.compile(r"(?<![\w<@])@([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)", re.IGNORECASE)


class Workspace:
    """Everything a person could see. Methods change it, write it down, then tell the listeners."""

    def __init__(
        self,
        directory: Path,
        *,
        credentials: Credentials | None = None,
        manifest: AppManifest = DEFAULT_MANIFEST,
        team: Team = HOME_TEAM,
        stream_seconds: float = STREAM_SECONDS,
    ) -> None:
        """Open (or make) the workspace kept in `directory`. Raises `JournalError` when it cannot be used."""
        self.credentials = credentials or load_credentials(directory)
        self.manifest = manifest
        self.stream_seconds = stream_seconds
        self.team = team
        self.users = seed_users(team)
        self.channels = seed_channels(team)
        self.usergroups = seed_usergroups(team)
        self.panes: dict[tuple[str, str], JsonObject] = {}
        """Channel and thread of an assistant's pane → `title`, `status`, `loading_messages`, `prompts`, as set last."""
        self.owed: dict[str, JsonObject] = {}
        """Event id → payload, of events neither delivered nor given up: Slack remembers them over a restart."""
        self._clock = TsClock()
        self._listeners: list[Listener] = []
        self._messages: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], list[Message]] = {}
        self._streaming: dict[str, Message] = {}
        self._journal = Journal(directory / "journal.jsonl")
        self.files = Shelf(directory / "files", self._journal_entry, team=team.id)
        self._restore()

    def _restore(self) -> None:
        newest: dict[str, JsonObject] = {}
        for key, value in self._journal.entries():
            newest.pop(key, None)
            newest[key] = value
            if key == "clock":
                self._clock.seen(str(value["ts"]))
        for key, value in list(newest.items()):
            kind = key.partition(":")[0]
            if kind == "message" and value.get("deleted"):
                self._clock.seen(key.rpartition(":")[2])
                del newest[key]
            elif kind == "message":
                self._keep(Message.restored(dict(value)))
            elif kind == "event" and value.get("settled"):
                del newest[key]
            elif kind == "event":
                self.owed[key.partition(":")[2]] = value
            elif kind == "file":
                self.files.restore(value)
            elif kind == "channel":
                self.channels[str(value["id"])] = Channel(**value)
            elif kind == "user":
                self.users[str(value["id"])] = User(**value)
            elif kind == "usergroup":
                self.usergroups[str(value["id"])] = UserGroup(**value)
        last = self._clock.next()
        self._journal.rewrite({**newest, "clock": {"ts": last}})
        for thread in self._threads.values():
            thread.sort(key=lambda message: number_of(message.ts))

    def close(self) -> None:
        """Let go of the data directory."""
        self._journal.close()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change, in order. Returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, change: Change) -> None:
        """Tell every listener."""
        for listener in list(self._listeners):
            listener(change)

    # Finding

    def channel(self, name: str) -> Channel:
        """By id, `#name` or `name`. Raises `channel_not_found`."""
        found = self.channels.get(name)
        if found is None:
            bare = name.removeprefix("#")
            found = next(
                (each for each in self.channels.values() if each.kind == "channel" and each.name == bare), None
            )
        if found is None:
            raise SlackError("channel_not_found")
        return found

    def user(self, name: str) -> User:
        """By id, `@handle` or `handle`. Raises `user_not_found`."""
        found = self.users.get(name)
        if found is None:
            bare = name.removeprefix("@").lower()
            found = next((each for each in self.users.values() if each.name == bare), None)
        if found is None:
            raise SlackError("user_not_found")
        return found

    def usergroup(self, name: str) -> UserGroup:
        """By id or handle. Raises `no_such_subteam`."""
        found = self.usergroups.get(name)
        if found is None:
            found = next((each for each in self.usergroups.values() if each.handle == name.removeprefix("@")), None)
        if found is None:
            raise SlackError("no_such_subteam")
        return found

    def message(self, channel: str, ts: str) -> Message | None:
        return self._messages.get(channel, {}).get(ts)

    def history(self, channel: str) -> list[Message]:
        """Top-level messages (ephemeral ones too), oldest first."""
        messages = self._messages.get(channel, {}).values()
        return sorted((each for each in messages if not each.is_reply), key=lambda each: number_of(each.ts))

    def newest(self, channel: str) -> str | None:
        """The ts of the newest message there that everybody sees, replies too."""
        messages = self._messages.get(channel, {}).values()
        return max((each.ts for each in messages if each.ephemeral_to is None), key=number_of, default=None)

    def replies(self, channel: str, ts: str) -> list[Message]:
        """Replies in a thread (ephemeral ones too), oldest first, without its parent."""
        return list(self._threads.get((channel, ts), []))

    def public_replies(self, channel: str, ts: str) -> list[Message]:
        return [reply for reply in self.replies(channel, ts) if reply.ephemeral_to is None]

    def next_ts(self) -> str:
        """An id for something that happens now."""
        return self._clock.next()

    # Changing

    def post(self, message: Message) -> Message:
        """Store a new message and tell everyone. `message.ts` is set here."""
        message.ts = self._clock.next()
        message.text = message.text[:MAX_TEXT]
        self._keep(message)
        self._write(message)
        pane = self.panes.get((message.channel, message.thread_ts or ""))
        if pane is not None and message.app_id == APP_ID:
            # As in Slack: an answer takes the status away.
            pane["status"], pane["loading_messages"] = "", []
        self.tell(Change("ephemeral" if message.ephemeral_to else "message", message.channel, message))
        return message

    def changed(self, message: Message, previous: JsonObject, *, silent: bool = False) -> None:
        """Write down what was done to `message` and tell everyone. `previous` is how it was shown."""
        message.text = message.text[:MAX_TEXT]
        self._write(message)
        self.tell(Change("changed", message.channel, message, previous=previous, silent=silent))

    def edited(self, message: Message, previous: JsonObject, *, editor: str) -> None:
        """The text or blocks of `message` were replaced: counted, marked, told. `previous` is how it was shown.

        An app's update that carries blocks is not marked `(edited)`, as in Slack.
        """
        message.edits += 1
        if message.bot_id is None or not message.blocks:
            message.edited = {"user": editor, "ts": self._clock.next()}
        self.changed(message, previous)

    def react(self, message: Message, name: str, user: str) -> bool:
        """Add a reaction. False when it was there already."""
        users = message.reactions.setdefault(name, [])
        if user in users:
            return False
        users.append(user)
        self._write(message)
        self.tell(Change("reaction", message.channel, message, user=user, detail={"reaction": name}))
        return True

    def delete(self, message: Message) -> None:
        """Remove it; a parent with replies stays as a tombstone."""
        previous = message.shown()
        if not message.is_reply and self.public_replies(message.channel, message.ts):
            message.text, message.subtype, message.stream = "This message was deleted.", "tombstone", None
            message.blocks, message.attachments, message.metadata = [], [], None
            self._write(message)
        else:
            del self._messages[message.channel][message.ts]
            if message.is_reply and message.thread_ts:
                self._threads[message.channel, message.thread_ts].remove(message)
            self._journal.append(message.key, {"deleted": True})
        self.tell(Change("deleted", message.channel, message, previous=previous))

    def say(
        self,
        user: User,
        channel: Channel,
        *,
        text: str,
        thread_ts: str | None = None,
        files: Sequence[tuple[str, bytes]] = (),
        base: str = "",
    ) -> Message:
        """A person types. `@handle` of somebody here becomes a mention, as Slack's composer makes it.

        `files`: names and bytes of what is attached; a message may be nothing else. `base`: where this server is.
        """
        if user.id not in channel.members:
            raise Refused(f"{user.name} is not in #{channel.name}: nothing was posted.")
        if not text.strip() and not files:
            raise Refused("Slack does not send an empty message: nothing was posted.")
        if thread_ts is not None and self.message(channel.id, thread_ts) is None:
            raise Refused(f"There is no message {thread_ts} in #{channel.name} to reply to: nothing was posted.")
        encoded = self.encode_mentions(text)[:MAX_TEXT]
        uploaded = [self.files.add(name, data, user=user.id) for name, data in files]
        for file in uploaded:
            self.files.share(file, channel.id)
        return self.post(
            Message(
                channel=channel.id,
                ts="",
                text=encoded,
                user=user.id,
                thread_ts=thread_ts,
                client_msg_id=str(uuid.uuid4()),
                blocks=rich_text_of(encoded) if encoded.strip() else [],
                subtype="file_share" if uploaded else None,
                files=[file.shown(base) for file in uploaded],
                team=user.team,
            )
        )

    def encode_mentions(self, text: str) -> str:
        """`@gavel` to `<@U…>` for handles that exist; everything else stays."""
        handles = {user.name: f"<@{user.id}>" for user in self.users.values()}
        handles |= {group.handle: f"<!subteam^{group.id}>" for group in self.usergroups.values()}
        return _HANDLE.sub(lambda match: handles.get(match[1].lower(), match[0]), text)

    def join(self, channel: Channel, user: str) -> None:
        """Add a member."""
        if user not in channel.members:
            channel.members.append(user)
            self._journal.append(f"channel:{channel.id}", asdict(channel))
            self.tell(Change("members", channel.id, user=user))

    def visit(self, channel: Channel, user: User) -> None:
        """Share the channel with another organisation, and let a person of it in (Slack Connect)."""
        self.users[user.id] = user
        self._journal.append(f"user:{user.id}", asdict(user))
        channel.shared = "ext"
        self.join(channel, user.id)

    def set_usergroup(self, group: UserGroup, users: list[str]) -> None:
        """Who is in a user group from now on."""
        group.users = users
        self._journal.append(f"usergroup:{group.id}", asdict(group))
        self.tell(Change("members", detail={"usergroup": group.handle, "users": users}))

    def close_old_streams(self) -> None:
        """Slack ends a stream that was never stopped; what is still in progress then shows as failed."""
        for key, message in list(self._streaming.items()):
            stream = message.stream
            if stream is None or stream.state != "in_progress":
                del self._streaming[key]
            elif stream.expired(self.stream_seconds):
                previous = message.shown()
                stream.state = "errored"
                self.changed(message, previous)

    def _keep(self, message: Message) -> None:
        self._clock.seen(message.ts)
        self._messages.setdefault(message.channel, {})[message.ts] = message
        if message.stream is not None:
            self._streaming[message.key] = message
        if message.is_reply and message.thread_ts:
            self._threads.setdefault((message.channel, message.thread_ts), []).append(message)

    def owe(self, event_id: str, payload: JsonObject) -> None:
        """An event is to be delivered."""
        self.owed[event_id] = payload
        self._journal.append(f"event:{event_id}", payload)

    def settle(self, event_id: str) -> None:
        """It was, or was given up."""
        del self.owed[event_id]
        self._journal.append(f"event:{event_id}", {"settled": True})

    def _journal_entry(self, key: str, value: JsonObject) -> None:
        self._journal.append(key, value)

    def _write(self, message: Message) -> None:
        self._journal.append(message.key, message.stored())


def unix_now() -> int:
    """Whole seconds, as events carry it."""
    return int(time.time())
