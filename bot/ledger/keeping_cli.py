"""`gavel ledger backup|restore|accept-loss`."""

from __future__ import annotations

import asyncio
import getpass
import json
import shlex
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.clock import utc_now
from bot.ledger.anchor import FileAnchor
from bot.ledger.backup import ANCHORS, Copied, Place, back_up, put_back
from bot.ledger.cli import EXIT_NOT_WHOLE, AsJson, LedgerInputs, Org, print_verification, printable, run_or_exit
from bot.ledger.database import Database
from bot.ledger.ledger import timestamp
from bot.ledger.losing import accept_loss
from bot.ledger.verify import Verification

MAX_REASON = 500
"""Characters."""


def add_keeping(app: typer.Typer, inputs: Callable[[], LedgerInputs]) -> None:
    """To the commands of `ledger_app`."""

    @app.command()
    def backup(
        directory: Annotated[Path, typer.Argument(help="Made for it; it must not be there yet.")],
        as_json: AsJson = False,
    ) -> None:
        """Copy the anchors, then the database, while everything runs, and verify the copy. Keep it where no one who can
        write the database can.
        """
        copied = run_or_exit(back_up(_place(inputs()), directory))
        if as_json:
            _print_copied(copied)
        elif copied.file is None:
            typer.echo(
                f"Copied the anchors to {directory / ANCHORS}. Now, and not before, copy PostgreSQL: "
                f"pg_dump --format=custom --file {directory / 'gavel.dump'}"
            )
        else:
            for found in copied.found:
                print_verification(found, as_json=False)
            typer.echo(
                f"Copied the ledger to {copied.file}. Its anchors are in {directory / ANCHORS}: keep them apart."
            )
        _exit_unless_whole(copied.found)

    @app.command()
    def restore(
        directory: Annotated[Path, typer.Argument(help="What `backup` made.")],
        lost_anchors: Annotated[
            bool, typer.Option("--lost-anchors", help="Put back anchors too, those that are gone.")
        ] = False,
        as_json: AsJson = False,
    ) -> None:
        """Put the copy in the place of the database, with everything of Gavel ended; what was there is kept beside it.
        The anchors stay: a copy that is older than they are is found to be, and exit is 1.
        """
        place = _place(inputs())
        aside = f".before-{utc_now():%Y%m%dT%H%M%SZ}"
        now = run_or_exit(put_back(place, directory, anchors_too=lost_anchors, aside=aside))
        for found in now:
            print_verification(found, as_json=as_json)
            missing = 0 if found.anchored_seq is None else found.anchored_seq - found.entries
            if missing > 0 and not as_json:
                org = printable(shlex.quote(found.org)).plain
                typer.echo(
                    f"The copy lacks the last {missing}. Nothing is written until a newer copy is put back, or "
                    f"somebody takes it on: gavel ledger accept-loss --org {org} --lost {missing} --reason …"
                )
        _exit_unless_whole(now)

    @app.command("accept-loss")
    def accept(
        lost: Annotated[int, typer.Option("--lost", min=1, help="How many entries; `verify` says it.")],
        reason: Annotated[str, typer.Option("--reason", help="Goes on record.")],
        org: Org = None,
        as_json: AsJson = False,
    ) -> None:
        """Go on after a restore without the entries that the copy lacks. The chain says from then on that they are
        lost, who took it on and why.
        """
        if not reason.strip() or len(reason) > MAX_REASON:
            typer.echo(f"gavel: --reason needs 1 to {MAX_REASON} characters. Nothing was changed.", err=True)
            raise typer.Exit(2)
        settings = inputs()
        found = run_or_exit(_accepted(settings, org or settings.org, lost=lost, reason=reason.strip()))
        print_verification(found, as_json=as_json)
        _exit_unless_whole([found])


def _place(settings: LedgerInputs) -> Place:
    anchor_key = settings.anchor_key or settings.key
    anchor = FileAnchor(settings.anchor_directory, key=anchor_key)
    return Place(settings.database_url, anchor, anchor_key, settings.key)


async def _accepted(settings: LedgerInputs, org: str, *, lost: int, reason: str) -> Verification:
    database = Database.open(settings.database_url)
    try:
        by = f"cli:{await asyncio.to_thread(getpass.getuser)}"
        anchor = _place(settings).anchor
        at = timestamp(utc_now())
        return await accept_loss(database, anchor, org, key=settings.key, lost=lost, reason=reason, by=by, at=at)
    finally:
        await database.close()


def _print_copied(copied: Copied) -> None:
    file = None if copied.file is None else str(copied.file)
    typer.echo(json.dumps({"file": file, "found": [asdict(each) for each in copied.found]}, sort_keys=True))


def _exit_unless_whole(found: list[Verification]) -> None:
    if not all(each.ok for each in found):
        raise typer.Exit(EXIT_NOT_WHOLE)
