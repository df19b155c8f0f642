"""The tokens of the local app: made once per data directory, readable by its owner only."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.local.slack.jsonvalues import is_object


@dataclass(frozen=True)
class Credentials:
    """The shapes are Slack's, so that a check of the prefix holds here too."""

    bot_token: str
    app_token: str
    signing_secret: str


def _generate() -> Credentials:
    return Credentials(
        bot_token=f"xoxb-local-{secrets.token_hex(16)}",
        app_token=f"xapp-1-local-{secrets.token_hex(24)}",
        signing_secret=secrets.token_hex(16),
    )


def load_credentials(directory: Path, *, given: dict[str, str | None] | None = None) -> Credentials:
    """Those in `directory/credentials.json`, made when absent; `given` values win and are written back.

    Raises ValueError with a sentence when the file is there and is not what this module wrote.
    """
    path = directory / "credentials.json"
    stored = asdict(_generate())
    if path.exists():
        found: Any = json.loads(path.read_text())
        if not is_object(found) or not all(isinstance(found.get(name), str) for name in stored):
            raise ValueError(f"{path} is damaged: it must hold {', '.join(stored)}. Delete it to get new tokens.")
        stored = {name: str(found[name]) for name in stored}
    stored |= {name: value for name, value in (given or {}).items() if value}
    directory.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(stored, file, indent=2)
    part.replace(path)
    return Credentials(**stored)
