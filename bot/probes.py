"""One real question to each server. Each returns what answered, in a few words, or raises :class:`NoAnswer`.

The client libraries are imported where they are used: `gavel --help` needs none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from bot.redaction import redact
from bot.redis_client import open_redis
from bot.settings import EstateSettings, SlackSettings, TemporalSettings


class NoAnswer(Exception):
    """Why the server does not count as answering, in one sentence without secrets."""


_COMMON = {
    "refused": "connection refused: nothing listens there",
    "connect call failed": "connecting failed: nothing listens there, or it cannot be reached",
    "no such file or directory": "its socket is not there",
    "name or service not known": "the host's name is unknown",
    "failed to lookup address": "the host's name is unknown",
}


@asynccontextmanager
async def _bounded(seconds: float) -> AsyncGenerator[None]:
    """Whatever a client library raises means that there was no answer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except NoAnswer:
        raise
    except TimeoutError:
        raise NoAnswer(f"no answer within {seconds:g} s") from None
    except Exception as error:
        raise NoAnswer(_words(error)) from error


def _words(error: BaseException) -> str:
    said = " ".join(redact(str(error)).text.split())
    # Each library wraps these differently, and in many words.
    for mark, meaning in _COMMON.items():
        if mark in said.lower():
            return meaning
    said = said[:200]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


async def get_json(url: str, *, headers: Mapping[str, str] | None = None, seconds: float = 3) -> object:
    """The JSON body of a 200 answer; None for an empty one."""
    from tools.outbound import Outbound, origin_of

    async with (
        _bounded(seconds),
        Outbound(origin_of(url), "configured", decompress=True) as server,
        server.request("GET", url, headers=headers) as response,
    ):
        if response.status != 200:
            raise NoAnswer(f"HTTP status {response.status}")
        body = await response.read()
        return await response.json(content_type=None) if body.strip() else None


async def post_status(url: str, *, seconds: float = 3) -> int:
    """What an empty POST is answered with."""
    from tools.outbound import Outbound, origin_of

    async with (
        _bounded(seconds),
        Outbound(origin_of(url), "configured") as server,
        server.request("POST", url) as response,
    ):
        return response.status


async def ask_opa(url: str, *, seconds: float = 3) -> str:
    answer = await get_json(f"{url}/health", seconds=seconds)
    if not is_object(answer):
        raise NoAnswer("its /health answers, but not as OPA does")
    return "healthy"


async def ask_redis(url: str, *, seconds: float = 3) -> str:
    client = open_redis(url, timeout_seconds=seconds)
    try:
        async with _bounded(seconds):
            info = await client.execute_command("INFO", "server")
    finally:
        await client.aclose()
    version = info.get("redis_version") if is_object(info) else None
    if version is None:
        raise NoAnswer("it answers, but not as Redis does")
    return f"Redis {version}"


async def ask_temporal(settings: TemporalSettings, address: str, *, seconds: float = 5) -> str:
    """The server's health, its version, and that the namespace is there."""
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, GetSystemInfoRequest

    from bot.workflows.client import connect

    async with _bounded(seconds):
        # No payload is sent, so any key will do.
        client = await connect(settings, address=address, codec_key=bytes(32))
        service = client.workflow_service
        system = await service.get_system_info(GetSystemInfoRequest())
        await service.describe_namespace(DescribeNamespaceRequest(namespace=settings.namespace))
        return f"Temporal {system.server_version}, namespace {settings.namespace}"


@dataclass(frozen=True)
class SlackIdentity:
    """Who Slack says the token belongs to."""

    team_id: str
    team: str
    bot_user_id: str


async def _slack_call(base: str, method: str, token: str, *, seconds: float, **params: str) -> dict[str, Any]:
    from tools.outbound import Outbound, origin_of

    headers = {"Authorization": f"Bearer {token}"}
    async with (
        _bounded(seconds),
        Outbound(origin_of(base), "configured", decompress=True) as server,
        server.request("POST", f"{base}{method}", headers=headers, data=params) as response,
    ):
        if response.status != 200:
            raise NoAnswer(f"{method}: HTTP status {response.status}")
        answer: object = await response.json(content_type=None)
    if not is_object(answer):
        raise NoAnswer(f"{method}: no JSON object in the answer")
    if answer.get("ok") is not True:
        needed = f", it needs {str(answer['needed'])[:80]}" if answer.get("needed") else ""
        raise NoAnswer(f"{method}: {str(answer.get('error'))[:80]}{needed}")
    return answer


async def ask_slack(settings: SlackSettings, *, seconds: float = 5) -> SlackIdentity:
    """auth.test with the bot token."""
    if settings.bot_token is None:
        raise NoAnswer("there is no bot token")
    token = settings.bot_token.get_secret_value()
    answer = await _slack_call(settings.api_url, "auth.test", token, seconds=seconds)
    return SlackIdentity(
        team_id=str(answer.get("team_id", "")), team=str(answer.get("team", "")), bot_user_id=str(answer.get("user_id"))
    )


async def ask_slack_socket(settings: SlackSettings, *, seconds: float = 5) -> str:
    """apps.connections.open with the app token: whether Socket Mode would be let in. Opens no connection."""
    if settings.app_token is None:
        raise NoAnswer("there is no app token")
    await _slack_call(settings.api_url, "apps.connections.open", settings.app_token.get_secret_value(), seconds=seconds)
    return "Socket Mode would be let in"


async def ask_slack_groups(settings: SlackSettings, *, seconds: float = 5) -> dict[str, int]:
    """usergroups.list with the bot token, as roles are read: handle → how many people are in it."""
    if settings.bot_token is None:
        raise NoAnswer("there is no bot token")
    token = settings.bot_token.get_secret_value()
    answer = await _slack_call(settings.api_url, "usergroups.list", token, seconds=seconds, include_users="true")
    groups: list[dict[str, Any]] = answer.get("usergroups") or []
    return {str(group.get("handle")): len(group.get("users") or []) for group in groups}


async def ask_sql(url: str, *, seconds: float = 5) -> str:
    """Connect, and compare the schema's version with the newest one. Changes nothing, and makes no SQLite file."""
    from sqlalchemy import String, column, inspect, select, table

    from bot.ledger.database import Database, async_url
    from bot.ledger.schema import VERSION_TABLE, newest_version

    async with _bounded(seconds):
        place = async_url(url)
        if place.drivername.startswith("sqlite") and not await asyncio.to_thread(Path(place.database or "").is_file):
            return "no file yet; `gavel up` makes it"
        database = Database.open(url, lock_timeout_seconds=seconds)
        try:
            async with database.reading() as connection:
                tables = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
                if VERSION_TABLE not in tables:
                    return "connected; no tables yet, `gavel up` makes them"
                version = select(column("version_num", String)).select_from(table(VERSION_TABLE))
                found = (await connection.execute(version)).scalar()
        finally:
            await database.close()
        newest = await asyncio.to_thread(newest_version)
        if found == newest:
            return f"connected; schema {found}, the newest"
        return f"connected; schema {found}, `gavel up` brings it to {newest}"


async def ask_qlrf(settings: EstateSettings, *, seconds: float = 5) -> str:
    """One asset, with the token: whether it is taken, and whether the answer can be read."""
    from tools.connectors.qlrf.client import QlrfClient
    from tools.connectors.qlrf.errors import QlrfError
    from tools.connectors.qlrf.wire import WireAsset, read_objects, rows_in, total_in

    if settings.url is None or settings.token is None:
        raise NoAnswer("no address and token to ask with")
    client = QlrfClient(settings.url, settings.token.get_secret_value(), timeout_seconds=seconds)
    try:
        # The client has the time limit, and words of its own for everything that is no answer.
        answer = await client.get("/assets", {"page": "1", "page_size": "1"})
        read_objects(WireAsset, rows_in(answer, "assets", "GET /assets"), "GET /assets")
        total = total_in(answer, "GET /assets")
    except QlrfError as error:
        raise NoAnswer(str(error)) from error
    finally:
        await client.close()
    return "it answers" if total is None else f"{total} assets"
