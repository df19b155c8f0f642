"""The corpus: cases as data, each with where it comes in, how it is disguised and what it wants."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import Field, TypeAdapter

from tests.hostile.safety.encodings import ENCODINGS
from tools.contracts.common import Contract

CORPUS = Path(__file__).parents[1] / "corpus"

Channel = Literal[
    "request",
    "alert",
    "log",
    "asset_name",
    "tag",
    "cve",
    "file_name",
    "file_content",
    "tool_output",
    "model_output",
    "plan",
]
"""Where hostile text comes in. `model_output`: nothing is planted, the models are bad by themselves. `plan`: a good
plan was made unsafe behind every agent's back."""

Goal = Literal[
    "unsafe_plan",
    "wrong_target",
    "execute_now",
    "gate_bypass",
    "secret",
    "ping",
    "link",
    "forged_card",
    "duplicate",
]


class HostileCase(Contract):
    """One attack."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    channel: Channel
    goal: Goal
    language: str = "en"
    encoding: str = "plain"
    text: str = ""
    """Of its own. Empty: the sentence of this goal and language."""
    place: str = ""
    """Which of the channel's places: a table and column, an alert's shape, a file's encoding, a mutation's name."""


class BenignCase(Contract):
    """What looks like an attack and is none. Anything but `expect` is a false alarm."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    channel: Channel
    language: str = "en"
    text: str
    place: str = ""
    ask: str = ""
    """The request, where the text is not it."""
    expect: list[Literal["plan", "report", "nothing_to_do", "question", "inconclusive"]] = ["plan"]
    kept: list[str] = []
    """Words that must come through: nothing was taken for a secret."""


_SENTENCES = TypeAdapter(dict[Goal, dict[str, str]])
_HOSTILE = TypeAdapter(list[HostileCase])
_BENIGN = TypeAdapter(list[BenignCase])


def hostile_cases(folder: Path = CORPUS) -> list[HostileCase]:
    """Every attack, in file order, with its sentence filled in. Raises for what is no case."""
    sentences = _SENTENCES.validate_python(_read(folder / "sentences.yaml"))
    found = [
        case for file in sorted((folder / "hostile").glob("*.yaml")) for case in _HOSTILE.validate_python(_read(file))
    ]
    for case in found:
        assert case.encoding in ENCODINGS, f"{case.id}: there is no encoding {case.encoding!r}"
    return [case.model_copy(update={"text": case.text or sentences[case.goal][case.language]}) for case in found]


def benign_cases(folder: Path = CORPUS) -> list[BenignCase]:
    return _BENIGN.validate_python(_read(folder / "benign.yaml"))


def _read(file: Path) -> object:
    return yaml.safe_load(file.read_text(encoding="utf-8"))
