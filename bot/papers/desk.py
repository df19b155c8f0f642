"""Makes and posts a task's files when somebody asks for them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from bot.blocks.words import person, plural
from bot.desks import NotDone
from bot.keys import Keys
from bot.ledger.database import Database
from bot.opening import open_ledger
from bot.papers.claiming import BeingPosted
from bot.papers.making import KINDS, papers
from bot.papers.paper import Recorded
from bot.papers.posting import PaperPoster, PerhapsPosted
from bot.settings import Settings
from bot.slack_web import SlackRefused, SlackRetryable
from bot.thread import ThreadRef
from tools.contracts.ledger import LedgerUnavailable

NOTHING_YET = "There is nothing on record of this task yet that would fill a file. Nothing was posted; ask again later."
ALREADY = "Its files are in this thread already, and nothing has been added since. Nothing was posted."
JUST_ASKED = (
    "Somebody asked for the files a moment ago: they are in this thread, or about to be. Nothing was posted twice. If "
    "they are not there in a minute, press it again."
)
NOT_READ = "I could not read the ledger, so no file was made. Press it again; if it stays so, run `gavel doctor`."
NOT_POSTED = "Slack did not take the files, so none was posted. Press it again in a minute."
PERHAPS = (
    "Slack did not answer when the files were to be posted, so they may come into this thread still. If they are not "
    "there in a minute, press it again: what is there is not posted twice."
)
NOT_ALLOWED = (
    "Slack does not let me upload files (the app needs `files:write`). None was posted; ask whoever runs Gavel."
)


@dataclass(frozen=True)
class PaperDesk:
    """Implements `bot.desks.FileDesk`."""

    settings: Settings
    keys: Keys = field(repr=False)
    poster: PaperPoster

    async def post(self, *, org: str, task_id: str, thread: ThreadRef, user: str, may_all: bool) -> None:
        """On return they are in the thread. Raises :class:`NotDone`.

        `may_all`: the person may see any task's files; else only those of what they asked for themselves.
        """
        try:
            entries = await self._entries(org, task_id)
        except LedgerUnavailable as error:
            raise NotDone(NOT_READ) from error
        asked_by = next((entry.actor for entry in entries if entry.kind == "task_received"), None)
        if asked_by is None:
            raise NotDone(NOTHING_YET)
        if not may_all and asked_by != user:
            raise NotDone(
                "Files of a task are for who asked for it and for people with one of Gavel's roles, and you have none, "
                "so nothing was posted. Ask an admin."
            )
        include_dissent = self.settings.council.include_dissent
        made = await asyncio.to_thread(papers, entries, include_dissent=include_dissent)
        if not made:
            raise NotDone(NOTHING_YET)
        try:
            said = f"{plural(len(made), 'file')} of this task, asked for by {person(user)}."
            if await self.poster.post(thread, made, said=said) == 0:
                raise NotDone(ALREADY)
        except BeingPosted as error:
            raise NotDone(JUST_ASKED) from error
        except (SlackRetryable, SlackRefused) as error:
            raise NotDone(why_not(error)) from error

    async def _entries(self, org: str, task_id: str) -> list[Recorded]:
        async with AsyncExitStack() as exits:
            # A worker has brought the tables up to date: there is a board to press the button of.
            database = Database.open(self.settings.database_url, lock_timeout_seconds=5)
            exits.push_async_callback(database.close)
            ledger = await open_ledger(exits, self.settings, self.keys, database=database)
            found = await ledger.whole(org, task_id, {*KINDS, "task_received"})
            return [Recorded(entry.seq, entry.kind, entry.actor, entry.at, body) for entry, body in found]


def why_not(error: SlackRetryable | SlackRefused) -> str:
    """What to tell who asked for the files."""
    if isinstance(error, PerhapsPosted):
        return PERHAPS
    scope = isinstance(error, SlackRefused) and error.error in {"missing_scope", "not_allowed_token_type"}
    return NOT_ALLOWED if scope else NOT_POSTED
