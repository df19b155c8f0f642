"""Prompts as files: each has an id, a version, a model class, an output contract and a changelog."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jinja2
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from prompts.fence import fence

ModelClass = Literal["fast", "capable"]
"""ADR-007, provider strategy: fast models for parsing, capable ones for reasoning."""

_FILES = Path(__file__).parent / "files"
_USER_MARK = "\n=== user ===\n"


class PromptError(Exception):
    """A prompt file is missing or malformed, or was rendered without a value it needs."""


class FrontMatter(BaseModel):
    """The YAML head of a prompt file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    model_class: ModelClass
    output: str
    """The contract the answer must satisfy, e.g. `TaskDraft`; `text` for free text."""
    changelog: list[str] = Field(min_length=1)
    """Newest first: `<version>: what changed and why`."""


@dataclass(frozen=True)
class Rendered:
    """A prompt with its values: what is sent as the system message, and as the user message."""

    system: str
    user: str


@dataclass(frozen=True)
class Prompt:
    """One prompt file, ready to render."""

    meta: FrontMatter
    checksum: str
    """`sha256:…` of the file's bytes, front matter and all."""
    _system: jinja2.Template
    _user: jinja2.Template

    @property
    def id(self) -> str:
        return self.meta.id

    @property
    def version(self) -> str:
        return self.meta.version

    @property
    def stamp(self) -> dict[str, str]:
        """What a record of an answer says of the prompt that was asked with."""
        return {"version": self.version, "checksum": self.checksum}

    def render(self, **values: Any) -> Rendered:
        """Both messages. Raises :class:`PromptError` naming the value that is missing.

        Templates put whatever nobody vouches for through `fence(text, source)`.
        """
        given = {**values, "fence": fence}
        try:
            return Rendered(system=self._system.render(given).strip(), user=self._user.render(given).strip())
        except jinja2.UndefinedError as error:
            raise PromptError(
                f"prompt {self.id} {self.version} was rendered without a value: {error.message}"
            ) from error


class PromptLibrary:
    """Every prompt of a folder, read and checked once, when the library is made."""

    def __init__(self, folder: Path = _FILES) -> None:
        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined,
            # The output is plain text for a model, never HTML: what is untrusted is fenced, not HTML-escaped.
            autoescape=jinja2.select_autoescape(enabled_extensions=(), default_for_string=False),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        prompts = [_parse(path, environment) for path in sorted(folder.glob("*.md"))]
        self._prompts = {prompt.id: prompt for prompt in prompts}
        if len(self._prompts) != len(prompts):
            raise PromptError(f"two prompts in {folder} have the same id")

    @property
    def ids(self) -> list[str]:
        return sorted(self._prompts)

    def load(self, prompt_id: str) -> Prompt:
        """The prompt, or :class:`PromptError` naming those that exist."""
        if prompt_id not in self._prompts:
            raise PromptError(f"there is no prompt {prompt_id!r}; there are: {', '.join(self.ids) or 'none'}")
        return self._prompts[prompt_id]

    def stamps(self, *prompt_ids: str) -> dict[str, dict[str, str]]:
        """Id → :attr:`Prompt.stamp`, for what is written into the ledger. Raises :class:`PromptError`."""
        return {prompt_id: self.load(prompt_id).stamp for prompt_id in prompt_ids}


def _parse(path: Path, environment: jinja2.Environment) -> Prompt:
    raw = path.read_bytes()
    try:
        parts = raw.decode().split("---\n", 2)
    except UnicodeDecodeError as error:
        raise PromptError(f"{path.name}: must be UTF-8") from error
    if len(parts) != 3 or parts[0].strip():
        raise PromptError(f"{path.name}: must start with YAML front matter between two lines of ---")
    system, mark, user = parts[2].partition(_USER_MARK)
    if not mark:
        raise PromptError(f"{path.name}: lacks the line {_USER_MARK.strip()!r} between system and user message")
    try:
        meta = FrontMatter.model_validate(yaml.safe_load(parts[1]))
        return Prompt(
            meta=meta,
            checksum="sha256:" + hashlib.sha256(raw).hexdigest(),
            _system=environment.from_string(system),
            _user=environment.from_string(user),
        )
    except (ValidationError, ValueError, yaml.YAMLError, jinja2.TemplateSyntaxError, RecursionError) as error:
        raise PromptError(f"{path.name}: {error}") from error
