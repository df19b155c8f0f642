"""What every section of the settings tree is, and how lists and pairs are read from the environment."""

from __future__ import annotations

import json
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict


def split_commas(value: object) -> object:
    """A list as it is; text at its commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def split_pairs(value: object) -> object:
    """A mapping as it is; text as `name=value,name=value`."""
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if any(not sign for _, sign, _ in pairs):
        raise ValueError("must be a list of name=value, separated by commas")
    return {name.strip(): meaning.strip() for name, _, meaning in pairs}


def parse_json(value: object) -> object:
    """A list or a mapping as it is; text as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON, or go into gavel.yaml") from None


Names = Annotated[list[str], NoDecode, BeforeValidator(split_commas)]
"""A list in YAML, comma separated in the environment."""


class Section(BaseSettings):
    """A branch of the tree. Immutable; an unknown key is an error; an empty variable counts as not set."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_ignore_empty=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # `init_settings` is what gavel.yaml said; first in the tuple wins. No .env file is read behind one's back.
        return env_settings, init_settings
