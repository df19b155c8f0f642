"""The ids of what can be clicked, and the values the buttons carry. The values are final: clicks outlive deploys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from bot.blocks.message import MAX_BUTTON_VALUE
from bot.blocks.text import length, plain

APPROVE = "gavel.approve"
REJECT = "gavel.reject"
ANSWER_PREFIX = "gavel.answer."
"""Followed by the number of the choice: action ids must differ within a block."""

PAUSE = "gavel.pause"
RESUME = "gavel.resume"
CANCEL = "gavel.cancel"
RUN_BLOCK = "gavel.run"

FILES = "gavel.files"
FILES_BLOCK = "gavel.files.row"
"""Posts a task's files into its thread."""

FEEDBACK = "gavel.feedback"
FEEDBACK_BLOCK = "gavel.feedback.row"

DECISION_BLOCK = "gavel.decision"
QUESTION_BLOCK = "gavel.question"

STEP_UP_FORM = "gavel.step_up"
STEP_UP_BLOCK = "gavel.step_up.environment"
STEP_UP_INPUT = "gavel.environment"
"""The form that an approval opens where the policy asks for step-up: its callback id, its one field."""

REJECT_FORM = "gavel.rejection"
REJECT_KIND_BLOCK, REJECT_KIND_INPUT = "gavel.rejection.kind", "gavel.rejection_kind"
REJECT_WORDS_BLOCK, REJECT_WORDS_INPUT = "gavel.rejection.words", "gavel.rejection_words"
"""The form that Reject opens: its callback id, and its two fields."""

EDIT = "gavel.edit"
EDIT_FORM = "gavel.edited"
EDIT_CANARY, EDIT_PERCENT, EDIT_WAIT, EDIT_WITHOUT = (
    "gavel.edited.canary",
    "gavel.edited.percent",
    "gavel.edited.wait",
    "gavel.edited.without",
)
"""The form that Edit opens: its callback id, and its four fields, each a block and the action of that name in it."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TARGET = re.compile(r"(development|staging|production)/sha256:[0-9a-f]{64}")
_MAX_FIELD = 400
_MAX_REASONS = 5
_MAX_REASON = 100
"""Five reasons of a hundred characters fit beside the longest binding there is; the card has all of them in full."""
_BINDING = {"v", "t", "r", "p", "o", "a", "n", "e"}
_WIRE = TypeAdapter(dict[str, str | int])


class MalformedButton(ValueError):
    """A button's value is not one we made, or was cut. The click binds nothing and must be refused."""


@dataclass(frozen=True)
class Care:
    """What the step-up form says: it must open within 3 s of the click, so nothing can be looked up for it."""

    assets: int
    """How many the plan changes."""
    reasons: tuple[str, ...]
    """Why the policy asks for step-up. Clipped by :meth:`of`."""

    def __post_init__(self) -> None:
        if self.assets < 0:
            raise MalformedButton(f"a plan changes 0 assets or more; got {self.assets}")
        if len(self.reasons) > _MAX_REASONS or any(not 1 <= length(reason) <= _MAX_REASON for reason in self.reasons):
            raise MalformedButton(f"at most {_MAX_REASONS} reasons of 1 to {_MAX_REASON} characters fit into a button")

    @classmethod
    def of(cls, *, assets: int, reasons: Sequence[str]) -> Care:
        """As much of the reasons as a button holds."""
        shown = [plain(reason, _MAX_REASON) for reason in reasons]
        if len(shown) > _MAX_REASONS:
            shown = [*shown[: _MAX_REASONS - 1], f"… and {len(shown) - _MAX_REASONS + 1} more reasons: see the card."]
        return cls(assets=assets, reasons=tuple(shown))


@dataclass(frozen=True)
class ButtonValue:
    """What Approve and Reject bind. The verdict is the action's id; person and channel come from the click."""

    task_id: str
    revision: int
    plan_digest: str
    policy_digest: str
    target: str
    nonce: str
    expires_at: str
    """RFC 3339, UTC."""
    care: Care | None = None
    """Present where the policy asks for step-up: Approve then opens a form. Only the workflow says whether it must."""

    def __post_init__(self) -> None:
        _require_text("task_id", self.task_id)
        _require_text("nonce", self.nonce)
        if self.revision < 1:
            raise MalformedButton(f"revision must be 1 or more; got {self.revision}")
        for name, digest in (("plan_digest", self.plan_digest), ("policy_digest", self.policy_digest)):
            if not _DIGEST.fullmatch(digest):
                raise MalformedButton(f"{name} must be sha256: and 64 hex digits; got {digest[:80]!r}")
        if not _TARGET.fullmatch(self.target):
            raise MalformedButton(f"target must be an environment and a digest; got {self.target[:100]!r}")
        _require_utc(self.expires_at)

    def encode(self) -> str:
        """Compact JSON, at most 2,000 characters. Raises :class:`MalformedButton` when it would be longer."""
        binding: dict[str, str | int] = {
            "v": 1,
            "t": self.task_id,
            "r": self.revision,
            "p": self.plan_digest,
            "o": self.policy_digest,
            "a": self.target,
            "n": self.nonce,
            "e": self.expires_at,
        }
        if self.care is None:
            return _encode(binding)
        return _encode({**binding, "v": 2, "k": self.care.assets, "w": "\n".join(self.care.reasons)})

    @classmethod
    def decode(cls, value: str) -> ButtonValue:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        fields = _decode(value, versions={1: _BINDING, 2: _BINDING | {"k", "w"}})
        care: Care | None = None
        if fields["v"] == 2:
            care = Care(assets=_integer(fields, "k"), reasons=tuple(_text(fields, "w").split("\n")))
        return cls(
            task_id=_text(fields, "t"),
            revision=_integer(fields, "r"),
            plan_digest=_text(fields, "p"),
            policy_digest=_text(fields, "o"),
            target=_text(fields, "a"),
            nonce=_text(fields, "n"),
            expires_at=_text(fields, "e"),
            care=care,
        )


@dataclass(frozen=True)
class AnswerValue:
    """What a choice of a question binds: this answer, to this question, of this task."""

    task_id: str
    question_id: str
    choice: str

    def __post_init__(self) -> None:
        _require_text("task_id", self.task_id)
        _require_text("question_id", self.question_id)
        _require_text("choice", self.choice)

    def encode(self) -> str:
        """Compact JSON, at most 2,000 characters. Raises :class:`MalformedButton` when it would be longer."""
        return _encode({"v": 1, "t": self.task_id, "q": self.question_id, "c": self.choice})

    @classmethod
    def decode(cls, value: str) -> AnswerValue:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        fields = _decode(value, versions={1: {"v", "t", "q", "c"}})
        return cls(task_id=_text(fields, "t"), question_id=_text(fields, "q"), choice=_text(fields, "c"))


@dataclass(frozen=True)
class RunButton:
    """What Pause, Resume and Cancel bind: one run. Which of them it is says the action's id; who, the click.

    Revision 0 and no digest: the task itself, whatever comes of it. Only Cancel may bind that.
    """

    task_id: str
    revision: int
    plan_digest: str

    def __post_init__(self) -> None:
        _require_text("task_id", self.task_id)
        if (self.revision, self.plan_digest) == (0, ""):
            return
        if self.revision < 1:
            raise MalformedButton(f"revision must be 1 or more; got {self.revision}")
        if not _DIGEST.fullmatch(self.plan_digest):
            raise MalformedButton(f"plan_digest must be sha256: and 64 hex digits; got {self.plan_digest[:80]!r}")

    def encode(self) -> str:
        """Compact JSON, at most 2,000 characters. Raises :class:`MalformedButton` when it would be longer."""
        return _encode({"v": 1, "t": self.task_id, "r": self.revision, "p": self.plan_digest})

    @classmethod
    def decode(cls, value: str) -> RunButton:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        fields = _decode(value, versions={1: {"v", "t", "r", "p"}})
        return cls(task_id=_text(fields, "t"), revision=_integer(fields, "r"), plan_digest=_text(fields, "p"))


@dataclass(frozen=True)
class FeedbackValue:
    """What 👍 and 👎 bind: an answer, and the models that stand behind it. Who says so is the click's."""

    task_id: str
    revision: int
    agent: str
    members: tuple[str, ...]
    """Names; at most so many as fit."""
    good: bool = True

    def __post_init__(self) -> None:
        _require_text("task_id", self.task_id)
        _require_text("agent", self.agent)
        if self.revision < 0:
            raise MalformedButton(f"revision must be 0 or more; got {self.revision}")
        if not self.members or any(not 1 <= len(name) <= 60 or "\n" in name for name in self.members):
            raise MalformedButton("feedback is about one model or more, with names of 1 to 60 characters")

    def encode(self) -> str:
        """Compact JSON, at most 2,000 characters. Raises :class:`MalformedButton` when it would be longer."""
        return _encode(
            {
                "v": 1,
                "t": self.task_id,
                "r": self.revision,
                "g": self.agent,
                "m": "\n".join(self.members),
                "y": int(self.good),
            }
        )

    @classmethod
    def decode(cls, value: str) -> FeedbackValue:
        """The inverse of :meth:`encode`. Raises :class:`MalformedButton` on anything else."""
        fields = _decode(value, versions={1: {"v", "t", "r", "g", "m", "y"}})
        return cls(
            task_id=_text(fields, "t"),
            revision=_integer(fields, "r"),
            agent=_text(fields, "g"),
            members=tuple(_text(fields, "m").split("\n")),
            good=_integer(fields, "y") == 1,
        )


def _encode(fields: dict[str, str | int]) -> str:
    value = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    if length(value) > MAX_BUTTON_VALUE:
        raise MalformedButton(f"a button's value holds {MAX_BUTTON_VALUE} characters; got {length(value)}")
    return value


def _decode(value: str, *, versions: Mapping[int, set[str]]) -> dict[str, str | int]:
    try:
        fields = _WIRE.validate_json(value, strict=True)
    except ValidationError as error:
        raise MalformedButton("the button's value is not a flat JSON object") from error
    version = fields.get("v")
    if not isinstance(version, int) or set(fields) != versions.get(version):
        raise MalformedButton("the button's value does not have the expected fields, or is of an unknown version")
    return fields


def _text(fields: dict[str, str | int], key: str) -> str:
    value = fields[key]
    if not isinstance(value, str):
        raise MalformedButton(f"field {key} of the button's value must be text")
    return value


def _integer(fields: dict[str, str | int], key: str) -> int:
    value = fields[key]
    if not isinstance(value, int):
        raise MalformedButton(f"field {key} of the button's value must be a whole number")
    return value


def _require_text(name: str, value: str) -> None:
    if not value or len(value) > _MAX_FIELD:
        raise MalformedButton(f"{name} must have 1 to {_MAX_FIELD} characters; got {len(value)}")


def _require_utc(value: str) -> None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise MalformedButton(f"expires_at must be an RFC 3339 time; got {value[:40]!r}") from error
    if moment.utcoffset() != timedelta(0):
        raise MalformedButton(f"expires_at must be in UTC; got {value[:40]!r}")
