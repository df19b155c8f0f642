"""The parts of a stack: their names, and where a settings tree keeps the address of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import SecretStr, TypeAdapter, ValidationError

from bot.local.datadir import DataDirectory
from bot.local.errors import StackError
from bot.local.slack.credentials import Credentials, load_credentials
from bot.settings import Settings, SlackSettings

PartName = Literal["slack", "temporal", "opa", "redis", "sql", "llm", "estate"]
PARTS: tuple[PartName, ...] = get_args(PartName)
"""In the order in which they are shown."""


_CREDENTIALS = TypeAdapter(Credentials)


@dataclass(frozen=True)
class Part:
    """A line of what `gavel up` says: which part, whose it is, and where."""

    name: PartName
    embedded: bool
    address: str
    """Without secrets. Empty for what has none: policies judged in this process, models of several providers."""
    detail: str


def configured_part(settings: Settings, name: PartName) -> Part | None:
    """The part as the settings place it; None when they leave it to the embedded stack (or, for models, to a look)."""
    match name:
        case "slack" if settings.slack.configured:
            detail = "Socket Mode" if settings.slack.mode == "socket" else f"HTTP on {settings.slack.host}"
            if settings.slack.distributed:
                detail += "; workspaces install the app"
            return Part(name, embedded=False, address=settings.slack.api_url, detail=detail)
        case "temporal" if settings.temporal.address is not None:
            detail = f"namespace {settings.temporal.namespace}{', TLS' if settings.temporal.use_tls else ''}"
            return Part(name, embedded=False, address=settings.temporal.address, detail=detail)
        case "opa" if settings.opa.url is not None:
            return Part(name, embedded=False, address=settings.opa.url, detail="OPA server")
        case "redis" if settings.redis.url is not None:
            address = shown_url(settings.redis.url.get_secret_value())
            return Part(name, embedded=False, address=address, detail="Redis server")
        case "sql" if settings.database.url is not None:
            address = shown_url(settings.database.url.get_secret_value())
            return Part(name, embedded=False, address=address, detail="database server")
        case "estate" if settings.estate.configured and settings.estate.url is not None:
            return Part(name, embedded=False, address=settings.estate.url, detail="QL-RF")
        case _:
            return None


def placed(settings: Settings, name: PartName, address: str) -> Settings:
    """The tree with the address of an embedded Temporal, OPA or Redis filled in."""
    match name:
        case "temporal":
            return settings.model_copy(
                update={"temporal": settings.temporal.model_copy(update={"address": address, "tls": False})}
            )
        case "opa":
            return settings.model_copy(update={"opa": settings.opa.model_copy(update={"url": address})})
        case "redis":
            url = SecretStr(address)
            return settings.model_copy(update={"redis": settings.redis.model_copy(update={"url": url})})
        case _:
            return settings


def local_slack(settings: Settings, directory: DataDirectory, base: str) -> SlackSettings:
    """How to reach the embedded workspace at `base`. Makes its tokens when it has none yet. Blocking."""
    data = directory.root / "slack"
    file = data / "credentials.json"
    try:
        # Read where it is there: loading would write it anew, perhaps under the hands of the workspace that runs.
        credentials = _CREDENTIALS.validate_json(file.read_bytes()) if file.exists() else load_credentials(data)
    except ValidationError:
        raise StackError(f"{file} is damaged. Nothing was started; delete it to get new tokens.") from None
    return settings.slack.model_copy(
        update={
            "api_url": f"{base}/api/",
            "bot_token": SecretStr(credentials.bot_token),
            "app_token": SecretStr(credentials.app_token),
            "signing_secret": SecretStr(credentials.signing_secret),
        }
    )


def shown_url(url: str) -> str:
    """Without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
