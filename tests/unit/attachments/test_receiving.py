"""From a message in the workspace to what models may see: on the local Slack and a real database."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.attachments import receiving
from bot.attachments.fetching import Fetcher, file_origin
from bot.attachments.receiving import FileDesk, FileLimits, Received
from bot.attachments.recognising import Recognised, recognise
from bot.attachments.store import FileStore, FilesUnreadable
from bot.blocks.files import files_card, nothing_readable
from bot.pacing import Pacer
from bot.slack_web import SlackRetryable, SlackWeb
from bot.workflows.activities.attaching import rows_of
from tests.unit.attachments.pictures import GIF, PNG
from tests.unit.ledger.book import ORG, Book
from tests.unit.narrator.workspace import ADA, OPS, TOKEN, Slack
from tools.contracts.common import JsonObject

TASK = f"{ORG}.{OPS}.1"
NOW = datetime(2026, 5, 1, tzinfo=UTC)
LIMITS = FileLimits(count=3, text_bytes=2000)


def desk_of(slack: Slack, book: Book, *, token: str = TOKEN, now: datetime = NOW) -> FileDesk:
    store = FileStore(book.database, b"k" * 32, lambda: now)
    return FileDesk(slack.writer().web, Fetcher(token, file_origin(f"{slack.address}/api/")), store, LIMITS)


async def uploaded(slack: Slack, *files: tuple[str, bytes]) -> list[str]:
    """Ada attaches these; Slack's ids of them."""
    given = [{"name": name, "data": base64.b64encode(data).decode()} for name, data in files]
    said = await slack.control("say", {"user": ADA, "channel": OPS, "files": given})
    body = await slack.look("thread", channel=OPS, ts=said["ts"], viewer=ADA)
    return [file["id"] for file in body["messages"][0]["files"]]


async def receive(desk: FileDesk, book: Book, ids: list[str]) -> Received:
    return await desk.receive(ids, org=ORG, task_id=TASK, user=ADA, recorder=book.ledger)


async def test_a_log_and_a_screenshot_are_read_and_written_down(slack: Slack, book: Book) -> None:
    ids = await uploaded(slack, ("app.log", b"disk full on web-1\n"), ("shot.png", PNG))
    received = await receive(desk_of(slack, book), book, ids)
    (text,) = received.attachments.texts
    assert (text.name, text.text) == ("app.log", "disk full on web-1\n")
    (image,) = received.attachments.images
    assert (image.media_type, image.data) == ("image/png", PNG)
    entries = [json.loads(entry.body) for entry in await book.entries() if entry.kind == "file_received"]
    assert [(entry["name"], entry["kind"], entry["size"], entry["refused"]) for entry in entries] == [
        ("app.log", "text", 19, ""),
        ("shot.png", "image", len(PNG), ""),
    ]
    assert {entry["digest"] for entry in entries} == {file.digest for file in received.files}
    assert await desk_of(slack, book).attachments(ORG, TASK) == received.attachments


async def test_neither_a_secret_nor_any_plain_byte_is_kept(slack: Slack, book: Book) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    ids = await uploaded(slack, (f"{secret}.txt", f"key {secret} on web-1".encode()))
    received = await receive(desk_of(slack, book), book, ids)
    assert secret not in received.attachments.fenced()
    assert "web-1" in received.attachments.fenced()
    assert received.files[0].note == "aws access key"
    rows = repr(await book.sql("SELECT * FROM task_files"))
    assert secret not in rows
    assert "web-1" not in rows
    assert secret not in repr(await book.entries())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("shot.png", b"PK\x03\x04 not an image", "neither a PNG"),
        ("app.log", b"x" * 2001, "are read. Send the part that matters"),
        ("dump.bin", b"\x00" * 4_000, "neither a PNG"),
        ("empty.txt", b" ", ""),
    ],
)
async def test_what_cannot_be_used_is_refused_in_a_sentence(
    slack: Slack, book: Book, name: str, data: bytes, said: str
) -> None:
    received = await receive(desk_of(slack, book), book, await uploaded(slack, (name, data)))
    (file,) = received.files
    assert file.kind == ("refused" if said else "text")
    assert said in file.note
    assert not file.body or not said
    (entry,) = [json.loads(entry.body) for entry in await book.entries() if entry.kind == "file_received"]
    assert entry["refused"] == (file.note if said else "")


async def test_a_file_nobody_showed_us_is_refused(slack: Slack, book: Book) -> None:
    received = await receive(desk_of(slack, book), book, ["F0NOBODY", "../etc/passwd"])
    assert [(file.file_id, file.kind) for file in received.files] == [("F0NOBODY", "refused")]
    assert "Slack no longer has it" in received.files[0].note


@pytest.mark.parametrize("told", [{"is_external": True}, {"mode": "external"}])
async def test_a_file_that_is_kept_elsewhere_is_not_asked_for_whatever_address_it_has(
    book: Book, told: JsonObject
) -> None:
    """Slack's own `files.info` of one: the local workspace has none."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        url = f"http://{request.host}/files-pri/T-F/a.log"
        return web.json_response({"ok": True, "file": {"name": "a.log", "size": 10**9, "url_private": url, **told}})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    api = SlackWeb(AsyncWebClient(token=TOKEN, base_url=f"{address}/api/"), pacer=Pacer(channel_rate=None))
    store = FileStore(book.database, b"k" * 32, lambda: NOW)
    received = await receive(FileDesk(api, Fetcher(TOKEN, address), store, LIMITS), book, ["F0DRIVE001"])
    await runner.cleanup()
    assert [file.note.partition(",")[0] for file in received.files] == ["It is kept outside Slack"]
    assert asked == ["/api/files.info"]


async def test_a_token_that_may_not_read_files_is_said_and_never_a_sign_in_page_read(slack: Slack, book: Book) -> None:
    ids = await uploaded(slack, ("app.log", b"disk full"))
    received = await receive(desk_of(slack, book, token="xoxb-another"), book, ids)
    assert "files:read" in received.files[0].note
    assert not received.attachments


async def test_more_files_than_are_read_are_counted(slack: Slack, book: Book) -> None:
    ids = await uploaded(slack, *((f"{number}.log", b"x") for number in range(5)))
    received = await receive(desk_of(slack, book), book, ids)
    assert (len(received.files), received.beyond) == (3, 2)


async def test_images_beyond_what_one_question_takes_are_shown_to_nobody_and_said_to_be_left_out(
    slack: Slack, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "MOST_BYTES_TOGETHER", len(PNG) + 10)
    ids = await uploaded(slack, ("first.png", PNG), ("large.png", PNG + b"\x00" * 20), ("last.gif", GIF[:9] + b";"))
    desk, seconds = desk_of(slack, book), itertools.count()
    desk = replace(desk, store=replace(desk.store, now=lambda: NOW + timedelta(seconds=next(seconds))))
    received = await receive(desk, book, ids)
    assert [len(image.data) for image in received.attachments.images] == [len(PNG), 10]
    assert received.left_out == {ids[1]}
    assert [file.kind for file in received.files] == ["image"] * 3
    card = files_card(rows_of(received), beyond=0, blind=False)
    assert "I read 2 files of yours; 1 I could not use." in card.text
    said = str(card.blocks)
    assert "✗ `large.png`: not read. With those above it is more than the 12 MB" in said
    assert "✓ `first.png`: image" in said
    assert "✓ `last.gif`: image" in said
    assert await desk_of(slack, book).attachments(ORG, TASK) == received.attachments


async def test_where_reading_is_switched_off_it_is_said_so(slack: Slack, book: Book) -> None:
    desk = replace(desk_of(slack, book), limits=FileLimits(count=0))
    received = await receive(desk, book, await uploaded(slack, ("app.log", b"disk full"), ("b.log", b"disk full")))
    rows = rows_of(received)
    assert (rows, received.beyond) == ([], 2)
    card = files_card(rows, beyond=received.beyond, blind=False)
    assert "2 files: not read. Reading files is switched off here." in str(card.blocks)
    said = nothing_readable(rows)
    assert said == "None of the files could be used, so nothing was started. Reading files is switched off here."


async def test_others_are_served_while_a_file_is_looked_through(
    slack: Slack, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, begun, served = asyncio.get_running_loop(), threading.Event(), threading.Event()

    def slowly(data: bytes, *, most_text_bytes: int) -> Recognised:
        begun.set()
        loop.call_soon_threadsafe(served.set)
        assert served.wait(5), "the loop served nobody meanwhile"
        return recognise(data, most_text_bytes=most_text_bytes)

    monkeypatch.setattr(receiving, "recognise", slowly)
    received = await receive(desk_of(slack, book), book, await uploaded(slack, ("app.log", b"disk full")))
    assert begun.is_set()
    assert received.attachments.texts


async def test_what_was_read_is_not_fetched_again(slack: Slack, book: Book) -> None:
    ids = await uploaded(slack, ("app.log", b"disk full"))
    first = await receive(desk_of(slack, book), book, ids)
    await slack.control("stats/reset", {})
    assert await receive(desk_of(slack, book), book, ids) == first
    assert "files.info" not in (await slack.look("stats"))["methods"]


@pytest.mark.parametrize("method", ["files.info", "url_private"])
async def test_slack_being_away_is_not_a_refusal(slack: Slack, book: Book, method: str) -> None:
    ids = await uploaded(slack, ("app.log", b"disk full"))
    await slack.faults(fail_next=1, methods=[method])
    with pytest.raises(SlackRetryable):
        await receive(desk_of(slack, book), book, ids)
    assert await book.sql("SELECT * FROM task_files") == []
    assert (await receive(desk_of(slack, book), book, ids)).attachments.texts


_CHANGES = {
    "task_id": "UPDATE task_files SET task_id = 'other'",
    "org": "UPDATE task_files SET org = 'other'",
    "name": "UPDATE task_files SET name = 'other'",
    "note": "UPDATE task_files SET note = 'other'",
    "media_type": "UPDATE task_files SET media_type = 'image/png'",
    "digest": "UPDATE task_files SET digest = 'sha256:0'",
}


@pytest.mark.parametrize("column", _CHANGES)
async def test_a_row_that_was_moved_or_changed_does_not_open(slack: Slack, book: Book, column: str) -> None:
    await receive(desk_of(slack, book), book, await uploaded(slack, ("app.log", b"disk full")))
    await book.sql(_CHANGES[column])
    org, task = ("other" if column == name else was for name, was in (("org", ORG), ("task_id", TASK)))
    with pytest.raises(FilesUnreadable):
        await desk_of(slack, book).store.of_task(org, task)


async def test_files_are_forgotten_after_their_days(slack: Slack, book: Book) -> None:
    await receive(desk_of(slack, book), book, await uploaded(slack, ("app.log", b"disk full")))
    later = replace(desk_of(slack, book).store, now=lambda: NOW + timedelta(days=10))
    assert await later.forget(older_than_days=11) == 0
    assert await later.forget(older_than_days=9) == 1
    assert not await later.of_task(ORG, TASK)


async def test_one_orgs_files_are_not_anothers(slack: Slack, book: Book) -> None:
    await receive(desk_of(slack, book), book, await uploaded(slack, ("app.log", b"disk full")))
    assert not await desk_of(slack, book).attachments("T0OTHER", TASK)
