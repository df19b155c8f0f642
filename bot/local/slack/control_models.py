"""The bodies of the control API under `/local/`. An unknown field is an error."""

from __future__ import annotations

from typing import Any

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from tools.contracts.common import JsonObject


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Upload(Body):
    """A file that comes with a message."""

    name: str = Field(min_length=1, max_length=200)
    data: Base64Bytes
    """Its bytes, as base64."""


class Say(Body):
    """A person types. `user` and `channel` by id or name; `@handle` in the text becomes a mention."""

    user: str
    channel: str
    text: str = Field(default="", max_length=200_000)
    thread_ts: str | None = None
    files: list[Upload] = Field(default=[], max_length=10)


class Edit(Body):
    """A person edits a message of theirs."""

    user: str
    channel: str
    ts: str
    text: str = Field(max_length=200_000)


class Delete(Body):
    user: str
    channel: str
    ts: str


class Visit(Body):
    """A channel is shared with another organisation (Slack Connect), and a person of it comes in."""

    channel: str
    id: str = Field(pattern=r"^[UW][A-Z0-9]{4,20}$")
    name: str = Field(pattern=r"^[a-z0-9._-]{1,21}$")
    team: str = Field(pattern=r"^T[A-Z0-9]{4,20}$")


class Alert(Body):
    """The integration posts. Where `thread_ts` is given, into that thread; where `ts` is, it edits its message.

    `team`: of another organisation, whose integration it is, in a channel that is shared with it.
    """

    channel: str = "alerts"
    text: str = ""
    attachments: list[JsonObject] = []
    blocks: list[JsonObject] = []
    username: str = "Alertmanager"
    thread_ts: str | None = None
    ts: str | None = None
    team: str = ""


class Command(Body):
    user: str
    channel: str
    command: str = "/gavel"
    text: str = ""
    thread_ts: str | None = None


class Click(Body):
    """Touch an element of a message (`channel`, `message_ts`) or of a view (`view_id`)."""

    user: str
    action_id: str
    channel: str | None = None
    message_ts: str | None = None
    view_id: str | None = None
    block_id: str | None = None
    value: Any = None
    """For a button: must be its own value, when given. For a choice: the value chosen."""


class SubmitView(Body):
    """`values`: block id, action id, what was entered (a string, an option's value, or a list)."""

    user: str
    view_id: str
    values: dict[str, dict[str, Any]] = {}


class CloseView(Body):
    user: str
    view_id: str


class React(Body):
    user: str
    channel: str
    ts: str
    name: str = Field(pattern=r"^[a-z0-9_+'-]{1,100}$")


class OpenHome(Body):
    """A person opens the app's home tab."""

    user: str


class OpenAssistant(Body):
    """A person opens the assistant's pane: a new thread of theirs with the app. `context`: the channel they look at."""

    user: str
    context: str | None = None


class Shortcut(Body):
    """A person picks a shortcut: of a message where `channel` and `message_ts` say which, else the global one."""

    user: str
    callback_id: str
    channel: str | None = None
    message_ts: str | None = None


class Join(Body):
    channel: str
    user: str = "gavel"


class SetUserGroup(Body):
    """Who is in the group from now on."""

    usergroup: str
    users: list[str]


class Delivery(Body):
    """Where payloads go: `url` (or one for each kind) for HTTP mode, null for Socket Mode."""

    url: str | None = None
    events_url: str | None = None
    interactivity_url: str | None = None
    commands_url: str | None = None
    ack_seconds: float | None = Field(default=None, gt=0, le=60)
    retry_seconds: list[float] | None = None
    """Delays before each redelivery of an event."""
