"""`gavel keys`: a key comes from stdin and goes nowhere that could be read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from agents.orchestrator.chat import ChatRequest, Member
from agents.orchestrator.litellm_client import LiteLLMClient
from bot.keystore.checking import Checked, check_with
from bot.keystore.cli import KeysInputs, keys_app
from bot.keystore.service import KeyService
from bot.keystore.store import KeyStore
from bot.ledger.anchor import FileAnchor
from bot.ledger.database import Database
from bot.ledger.ledger import Ledger
from tests.unit.ledger.book import KEY as LEDGER_KEY
from tests.unit.ledger.book import Book
from tests.unit.orchestrator.provider import Provider, fails, says

TYPED = "zq-7f3e9a1c5b2d8e4f6a0b"


class Cli:
    """Each command opens the store anew, as each run of `gavel` does, in an event loop of its own."""

    def __init__(self, book: Book, store: KeyStore, provider: Provider, client: LiteLLMClient) -> None:
        tests = asyncio.get_running_loop()

        async def check(member: Member, key: SecretStr, request: ChatRequest) -> Checked:
            """In the loop of the tests, where the client has its connections."""
            call = asyncio.run_coroutine_threadsafe(check_with(client, member, key, request), tests)
            return await asyncio.wrap_future(call)

        @asynccontextmanager
        async def opened() -> AsyncGenerator[KeyService]:
            database = Database.open(book.url)
            ledger = Ledger(database, FileAnchor(book.anchor_directory, key=LEDGER_KEY), key=LEDGER_KEY)
            here = KeyStore(database, store.ring, store.now)
            try:
                yield KeyService(here, ledger, [provider.member("alpha")], check)
            finally:
                await ledger.close()
                await database.close()

        self._app = keys_app(lambda: KeysInputs("T1", opened))

    async def run(self, *arguments: str, typed: str = "") -> Result:
        return await asyncio.to_thread(
            CliRunner().invoke, self._app, list(arguments), input=typed, env={"COLUMNS": "200"}
        )


@pytest.fixture
async def cli(book: Book, store: KeyStore, provider: Provider, litellm_client: LiteLLMClient) -> Cli:
    provider.play("alpha", says("ok"))
    return Cli(book, store, provider, litellm_client)


async def test_set_list_and_delete(cli: Cli, provider: Provider) -> None:
    ran = await cli.run("set", "compatible", typed=f"{TYPED}\n")
    assert ran.exit_code == 0, ran.output
    assert provider.calls[-1].authorization == f"Bearer {TYPED}"
    mine = await cli.run("set", "compatible", "--user", "U012AB3CD", typed=f"{TYPED}\n")
    listed = await cli.run("list")
    found = json.loads((await cli.run("list", "--json")).stdout)
    assert [(row["owner"], row["provider"], row["readable"]) for row in found] == [
        ("org", "compatible", True),
        ("user:U012AB3CD", "compatible", True),
    ]
    assert "user U012AB3CD" in listed.output
    assert TYPED not in ran.output + mine.output + listed.output + json.dumps(found)
    assert (await cli.run("delete", "compatible")).exit_code == 0
    again = await cli.run("delete", "compatible")
    assert (again.exit_code, "nothing was deleted" in again.output) == (1, True)
    assert len(json.loads((await cli.run("list", "--json")).stdout)) == 1


async def test_a_refused_key_is_not_saved_and_not_shown(cli: Cli, provider: Provider) -> None:
    provider.play("alpha", fails(401, message=f"bad key {TYPED}"))
    ran = await cli.run("set", "compatible", typed=f"{TYPED}\n")
    assert ran.exit_code == 1
    assert "The key was not taken, so nothing was saved" in ran.output
    assert TYPED not in ran.output
    assert "There are no saved keys" in (await cli.run("list")).output


async def test_a_key_is_never_an_argument(cli: Cli, provider: Provider) -> None:
    ran = await cli.run("set", "compatible", TYPED)
    assert ran.exit_code == 2
    misplaced = await cli.run("set", TYPED)
    assert misplaced.exit_code == 2
    assert TYPED not in misplaced.output
    assert provider.calls == []


async def test_validate_and_rotate(cli: Cli, provider: Provider) -> None:
    await cli.run("set", "compatible", typed=TYPED)
    assert "takes the key of the org" in (await cli.run("validate", "compatible")).output
    ran = await cli.run("rotate")
    assert (ran.exit_code, "1 keys were sealed anew" in ran.output) == (0, True)
    provider.play("alpha", fails(403))
    assert (await cli.run("validate", "compatible")).exit_code == 1
    assert (await cli.run("set", "compatible", "--org", "--user", "U1", typed=TYPED)).exit_code == 2
