"""`gavel keys`. Whoever runs it has the installation's own key, and so may set anybody's.

A key is read from a hidden prompt or from stdin: never from an argument, which other users of the machine can read.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from agents.orchestrator.providers.catalog import VENDORS
from bot.keystore.sealing import Place
from bot.keystore.service import KeyRefused, KeyService, provider_named, title, whose
from bot.keystore.store import ORG, KeptKey, Rotation, owner_of
from bot.ledger.cli import printable

Result = TypeVar("Result")
EXIT_REFUSED = 1
EXIT_WRONG = 2


@dataclass(frozen=True)
class KeysInputs:
    org: str
    open: Callable[[], AbstractAsyncContextManager[KeyService]]


Provider = Annotated[str, typer.Argument(help=f"One of: {', '.join(vendor.identifier for vendor in VENDORS)}.")]
OfUser = Annotated[str | None, typer.Option("--user", help="This person's own (a Slack user id).")]
OfOrg = Annotated[bool, typer.Option("--org", help="The whole org's. This is also what is meant without an option.")]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def keys_app(inputs: Callable[[], KeysInputs]) -> typer.Typer:
    """The sub-app. `inputs` is called when a command runs, so that `--help` needs no configuration."""
    app = typer.Typer(help="Providers' keys of people and of the org, sealed in SQL.", no_args_is_help=True)

    @app.command("set")
    def set_key(provider: Provider, user: OfUser = None, of_org: OfOrg = False) -> None:
        """Save a key, once its provider took it in one short call. It is asked for, or read from stdin."""
        settings = inputs()
        place = _place(settings, provider, user=user, of_org=of_org)
        typed = getpass.getpass(f"Key for {title(place.provider)}: ") if sys.stdin.isatty() else sys.stdin.readline()
        key = SecretStr(typed.strip())
        _run(settings, lambda service: service.save(place, key, by=_operator()))
        typer.echo(f"The key for {title(place.provider)} of {whose(place)} is saved: its provider took it.")

    @app.command("list")
    def list_keys(as_json: AsJson = False) -> None:
        """Whose keys there are. No key is ever shown."""
        settings = inputs()
        found = _run(settings, lambda service: service.kept(settings.org))
        _print_kept(found, as_json=as_json)

    @app.command()
    def delete(provider: Provider, user: OfUser = None, of_org: OfOrg = False) -> None:
        """Delete a key. Within seconds no call uses it any more. Revoke it at its provider too."""
        settings = inputs()
        place = _place(settings, provider, user=user, of_org=of_org)
        _run(settings, lambda service: service.delete(place, by=_operator()))
        typer.echo(f"The key for {title(place.provider)} of {whose(place)} is deleted. Revoke it at its provider too.")

    @app.command()
    def validate(provider: Provider, user: OfUser = None, of_org: OfOrg = False) -> None:
        """Have a saved key's provider take it once more, in one short call. Exit 1 when it does not."""
        settings = inputs()
        place = _place(settings, provider, user=user, of_org=of_org)
        _run(settings, lambda service: service.validate(place, by=_operator()))
        typer.echo(f"{title(place.provider)} takes the key of {whose(place)}.")

    @app.command()
    def rotate() -> None:
        """Seal every key anew under the newest master key. May be stopped at any moment and run again."""
        settings = inputs()
        done = _run(settings, lambda service: service.rotate(org=settings.org, by=_operator()))
        _print_rotation(done)
        if done.unreadable:
            raise typer.Exit(EXIT_REFUSED)

    return app


def _run(inputs: KeysInputs, work: Callable[[KeyService], Awaitable[Result]]) -> Result:
    async def opened() -> Result:
        async with inputs.open() as service:
            return await work(service)

    try:
        return asyncio.run(opened())
    except KeyRefused as error:
        typer.echo(f"gavel: {error}", err=True)
        raise typer.Exit(EXIT_REFUSED) from None


def _place(inputs: KeysInputs, provider: str, *, user: str | None, of_org: bool) -> Place:
    identifier = provider_named(provider)
    if identifier is None:
        # Not shown: it may be a key that was typed in the wrong place.
        known = ", ".join(vendor.identifier for vendor in VENDORS)
        typer.echo(f"gavel: that is no provider. Nothing was done; there are: {known}", err=True)
        raise typer.Exit(EXIT_WRONG)
    if user is not None and of_org:
        typer.echo("gavel: --user and --org exclude each other. Nothing was done.", err=True)
        raise typer.Exit(EXIT_WRONG)
    return Place(inputs.org, ORG if user is None else owner_of(user), identifier)


def _operator() -> str:
    return f"cli:{getpass.getuser()}"


def _print_kept(found: list[KeptKey], *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "owner": kept.place.owner,
                "provider": kept.place.provider,
                "set_by": kept.set_by,
                "set_at": kept.set_at.isoformat(),
                "readable": kept.readable,
            }
            for kept in found
        ]
        typer.echo(json.dumps(rows, sort_keys=True))
        return
    if not found:
        typer.echo("There are no saved keys. Calls are made with the keys of the environment.")
        return
    table = Table("provider", "whose", "set by", "at", "")
    for kept in found:
        state = "" if kept.readable else "cannot be opened: set it anew"
        row = (title(kept.place.provider), whose(kept.place), kept.set_by, f"{kept.set_at:%Y-%m-%d %H:%M} UTC", state)
        table.add_row(*map(printable, row))
    Console().print(table)


def _print_rotation(done: Rotation) -> None:
    typer.echo(f"{done.sealed_anew} keys were sealed anew. All that can be opened are under master key {done.current}.")
    if done.unreadable:
        typer.echo(
            f"{len(done.unreadable)} cannot be opened and were left as they are; their master keys "
            f"({', '.join(sorted(done.left)) or 'unknown'}) are not here. Bring those back, or delete these keys:",
            err=True,
        )
        for place in done.unreadable:
            typer.echo(f"  {place.provider} of {whose(place)}, org {place.org}", err=True)
