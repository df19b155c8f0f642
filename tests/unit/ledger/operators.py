"""Somebody who keeps a ledger, at a terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from typer.testing import CliRunner, Result

from bot.ledger.cli import LedgerInputs, ledger_app
from bot.ledger.keeping_cli import add_keeping
from tests.unit.ledger.book import KEY, ORG, Book


class Operator:
    """Somebody at a terminal of the machine."""

    def __init__(self, book: Book, folder: Path) -> None:
        self.book = book
        self.copy = folder / "copy"
        inputs = LedgerInputs(book.url, book.anchor_directory, KEY, ORG)
        self._app = ledger_app(lambda: inputs)
        add_keeping(self._app, lambda: inputs)

    async def run(self, *arguments: str) -> Result:
        """In a thread: a command has an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, self._app, list(arguments), env={"COLUMNS": "200"})

    async def backup(self) -> Result:
        return await self.run("backup", str(self.copy))

    async def restore(self, *options: str) -> Result:
        await self.book.database.close()
        return await self.run("restore", str(self.copy), *options)

    async def cut(self, last: int) -> None:
        """What an older copy looks like, on any database."""
        await self.book.sql("DELETE FROM ledger_entries WHERE seq > :last", last=last)


def accept(lost: int, *, reason: str = "restored Tuesday's copy") -> list[str]:
    return ["accept-loss", "--lost", str(lost), "--reason", reason]
