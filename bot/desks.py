"""What a slash command besides tasks is answered by, as the edge sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from bot.blocks.actions import FeedbackValue
from bot.blocks.message import Message
from bot.thread import ThreadRef
from tools.contracts.identity import Role

Whisper = Callable[[str, str, Message], Awaitable[None]]
"""Says something to one person only: channel, user, what."""


@dataclass(frozen=True)
class Typed:
    """A slash command, as the surface that authenticated the person received it."""

    org: str
    user: str
    channel: str
    words: str
    """What was typed after the verb. Untrusted."""
    trigger_id: str
    """Opens one form, within three seconds."""
    roles: frozenset[Role] | None = None
    """What the person held a moment ago, where that was asked already; None: it was not."""


class Desk(Protocol):
    async def answer(self, typed: Typed) -> Message:
        """What the person is told, and only they. Takes two seconds at most."""
        ...


@dataclass(frozen=True)
class Owned:
    """That there is a key."""

    provider: str
    everybodys: bool
    set_by: str


class NotDone(Exception):
    """Nothing was saved or deleted. The message is for the person and never holds a key."""


class NotKnown(Exception):
    """Whether it was done is not known: the answer was lost on its way. The message is for the person."""


class KeyDesk(Protocol):
    """The key store. Every method may raise :class:`NotDone`."""

    async def save(self, *, org: str, user: str, everybodys: bool, provider: str, key: SecretStr) -> None:
        """Check it with one call, then save it. Takes as long as the provider does."""
        ...

    async def delete(self, *, org: str, user: str, everybodys: bool, provider: str) -> None: ...

    async def kept(self, *, org: str, user: str) -> Sequence[Owned]:
        """The person's and everybody's; nobody else's."""
        ...


class FileDesk(Protocol):
    """Makes a task's files."""

    async def post(self, *, org: str, task_id: str, thread: ThreadRef, user: str, may_all: bool) -> None:
        """On return they are in the thread. Raises :class:`NotDone`. `may_all`: of any task, not only the user's."""
        ...


class FeedbackDesk(Protocol):
    """Keeps what people say of answers."""

    async def say(self, *, org: str, user: str, value: FeedbackValue, unique: str) -> None:
        """`unique`: of the click. On return it is on record. Raises :class:`NotDone`."""
        ...
