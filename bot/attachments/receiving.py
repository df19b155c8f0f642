"""From Slack's file ids to what models may see: asked, fetched, recognised, redacted, kept, written down."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from agents.attachments import AttachedText, Attachments
from agents.orchestrator.images import MOST_BYTES, MOST_BYTES_TOGETHER, Image
from bot.attachments.fetching import Fetcher
from bot.attachments.ids import FILE_ID
from bot.attachments.recognising import TEXT, FileRefused, recognise
from bot.attachments.store import FileStore, StoredFile
from bot.blocks.text import one_line
from bot.redaction import redact
from bot.slack_web import SlackRefused, SlackWeb, child
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable, Recorder
from tools.whole_text import whole_text

SWEEP_SECONDS = 3600.0


@dataclass(frozen=True)
class FileLimits:
    """What of a message is read."""

    count: int = 8
    """Files of one task. More are named and not read."""
    text_bytes: int = 256 * 1024
    """Of one text file."""
    keep_days: int = 30
    """How long files are kept, sealed, for a task that goes on."""

    @property
    def most_bytes(self) -> int:
        """Of any one file."""
        return max(MOST_BYTES, self.text_bytes)


@dataclass(frozen=True)
class Received:
    """What became of the files of a task."""

    attachments: Attachments = field(default_factory=Attachments)
    files: tuple[StoredFile, ...] = ()
    """All of them, the refused ones too, in order."""
    left_out: frozenset[str] = frozenset()
    """Ids of images that were read and are shown to nobody: beyond what one question takes."""
    beyond: int = 0
    """More files than are read."""


@dataclass(frozen=True)
class FileDesk:
    """One a worker."""

    web: SlackWeb
    fetcher: Fetcher
    store: FileStore
    limits: FileLimits

    async def receive(
        self, file_ids: Sequence[str], *, org: str, task_id: str, user: str, recorder: Recorder
    ) -> Received:
        """Read what was not read yet, and say what there is. Each file is in the ledger before a model sees it.

        A file that cannot be used is no error: it is among `files`, and its note says why. Raises `SlackRetryable` and
        `LedgerUnavailable`; what was read by then is kept.
        """
        wanted = [file_id for file_id in dict.fromkeys(file_ids) if FILE_ID.fullmatch(file_id)]
        known = {file.file_id for file in await self.store.of_task(org, task_id)}
        for file_id in wanted[: self.limits.count]:
            if file_id in known:
                continue
            file, kinds = await self._read(file_id)
            await recorder.record(
                "file_received",
                {
                    "file_id": file.file_id,
                    "name": file.name,
                    "kind": file.kind,
                    "media_type": file.media_type,
                    "size": file.size,
                    "digest": file.digest,
                    "redacted": kinds,
                    "refused": file.note if file.kind == "refused" else "",
                },
                org=org,
                task_id=task_id,
                actor=user,
                key=f"file:{file_id}",
            )
            await self.store.put(org, task_id, file)
        kept = await self.store.of_task(org, task_id)
        attachments, left_out = _attached(kept)
        return Received(attachments, tuple(kept), left_out, max(0, len(wanted) - self.limits.count))

    async def attachments(self, org: str, task_id: str) -> Attachments:
        """What the task was given, as it was kept."""
        attachments, _ = _attached(await self.store.of_task(org, task_id))
        return attachments

    async def _read(self, file_id: str) -> tuple[StoredFile, list[str]]:
        """One file, and the kinds of secrets that were taken out of it."""
        try:
            told = child(await self.web.read("files.info", {"file": file_id}), "file")
        except SlackRefused as refused:
            return _refused(file_id, "a file", _why(refused)), []
        name = file_name(told)
        try:
            data = await self._fetched(told)
            # Redaction takes up to seconds: meanwhile the loop serves others.
            found = await asyncio.to_thread(recognise, data, most_text_bytes=self.limits.text_bytes)
        except FileRefused as refused:
            return _refused(file_id, name, str(refused)), []
        kinds = [kind.replace("_", " ") for kind in found.redacted]
        digest = "sha256:" + hashlib.sha256(found.kept).hexdigest()
        return StoredFile(
            file_id=file_id,
            name=name,
            kind="text" if found.media_type == TEXT else "image",
            media_type=found.media_type,
            size=len(data),
            digest=digest,
            note=", ".join(kinds),
            body=found.kept,
        ), kinds

    async def _fetched(self, told: JsonObject) -> bytes:
        """Raises :class:`FileRefused` and `SlackRetryable`."""
        if told.get("is_external") or told.get("mode") == "external":
            raise FileRefused("It is kept outside Slack, and addresses elsewhere are not fetched. Upload the file.")
        if told.get("mode") in {"tombstone", "hidden_by_limit"}:
            raise FileRefused("Slack no longer has it.")
        size: object = told.get("size")
        if isinstance(size, int) and size > self.limits.most_bytes:
            raise FileRefused(f"It is larger than {self.limits.most_bytes / 1e6:.1f} MB. Send a smaller one.")
        url = told.get("url_private_download") or told.get("url_private")
        if not isinstance(url, str):
            raise FileRefused("Slack does not hand it out.")
        return await self.fetcher.fetch(url, most_bytes=self.limits.most_bytes)


async def keep_swept(store: FileStore, *, days: int, every_seconds: float = SWEEP_SECONDS) -> None:
    """Remove what is older than `days`, now and every hour, until cancelled."""
    log = structlog.get_logger("gavel.files")
    while True:
        try:
            if removed := await store.forget(older_than_days=days):
                log.info("Old attached files were removed.", files=removed, days=days)
        except LedgerUnavailable as error:
            log.warning("Old attached files could not be removed; this is tried again.", reason=str(error))
        await asyncio.sleep(every_seconds)


def _attached(files: Sequence[StoredFile]) -> tuple[Attachments, frozenset[str]]:
    """As much of the images as one question takes, and the ids of the others; their order alone decides."""
    images: list[Image] = []
    left_out: set[str] = set()
    together = 0
    for file in files:
        if file.kind != "image":
            continue
        if together + len(file.body) > MOST_BYTES_TOGETHER:
            left_out.add(file.file_id)
            continue
        images.append(Image.of(file.body))
        together += len(file.body)
    texts = [AttachedText(file.name, file.body.decode()) for file in files if file.kind == "text"]
    return Attachments(tuple(texts), tuple(images)), frozenset(left_out)


def file_name(told: JsonObject) -> str:
    """What the file is called, for people and models: it may hold a secret, or look like something else."""
    given = one_line(redact(whole_text(str(told.get("name") or told.get("title") or ""))).text)
    return given[:120] or "a file"


def _refused(file_id: str, name: str, why: str) -> StoredFile:
    return StoredFile(file_id, name, "refused", "", 0, "", note=why)


def _why(refused: SlackRefused) -> str:
    if refused.error in {"missing_scope", "not_allowed_token_type"}:
        return "Slack did not hand it out. Whoever runs Gavel can grant it `files:read`."
    return "Slack no longer has it, or does not show it to Gavel."
