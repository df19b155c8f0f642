"""What a form that a plan card's button opened binds, and how it comes back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from bot.blocks.actions import ButtonValue
from tools.contracts.decision import Decision, ReasonKind
from tools.contracts.signing import is_authentic, sign

Purpose = Literal["approve", "reject", "edit"]


class MalformedForm(ValueError):
    """The form's metadata is not one we made. It binds nothing and must be refused."""


class NotTheirForm(Exception):
    """The form was opened for somebody else. It binds nothing for the one who sent it."""


@dataclass(frozen=True)
class CardForm:
    """What the form binds: what the button bound, for one person in one channel. Travels as its private metadata.

    Signed, because it comes back from outside. It is no decision: its MAC is of another type than theirs.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)

    purpose: Purpose
    """What it is a form for: none may come back as another."""
    org: str
    user: str
    """Whom Slack showed it to."""
    channel: str
    task_id: str
    revision: int
    plan_digest: str
    policy_digest: str
    target: str
    nonce: str
    expires_at: str
    details: str
    """What else the form was opened with, as its purpose reads it."""
    mac: str = ""

    @property
    def environment(self) -> str:
        """Of the plan."""
        return self.target.partition("/")[0]

    def decision(
        self,
        verdict: Literal["approve", "reject"],
        *,
        now: datetime,
        reason: str = "",
        reason_kind: ReasonKind = "",
        step_up: str = "",
    ) -> Decision:
        """What its submission decides, unsigned. `now`: when it came."""
        return Decision(
            org=self.org,
            task_id=self.task_id,
            revision=self.revision,
            verdict=verdict,
            reason=reason,
            plan_digest=self.plan_digest,
            policy_digest=self.policy_digest,
            target=self.target,
            user=self.user,
            channel=self.channel,
            nonce=self.nonce,
            issued_at=now.astimezone(UTC).isoformat(),
            expires_at=self.expires_at,
            step_up=step_up,
            reason_kind=reason_kind,
        )

    def encode(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def decode(cls, metadata: object, *, purpose: Purpose, key: bytes) -> CardForm:
        """Raises :class:`MalformedForm` for anything but what :meth:`encode` made of a form signed with `key`."""
        try:
            form = _FORM.validate_json(metadata if isinstance(metadata, str) else "", strict=True)
        except ValidationError as error:
            raise MalformedForm("the form's metadata does not have the expected fields") from error
        if not is_authentic(form, key):
            raise MalformedForm("the form's metadata was not signed by this Gavel")
        if form.purpose != purpose:
            raise MalformedForm(f"a form to {form.purpose} came back as one to {purpose}")
        return form


_FORM = TypeAdapter(CardForm)


def form_for(
    body: dict[str, Any], button: ButtonValue, *, purpose: Purpose, org: str, key: bytes, details: str = ""
) -> CardForm:
    """The form that a click opens, signed. `body`: the click's, as Slack authenticated it."""
    form = CardForm(
        purpose=purpose,
        org=org,
        user=body["user"]["id"],
        channel=body["channel"]["id"],
        task_id=button.task_id,
        revision=button.revision,
        plan_digest=button.plan_digest,
        policy_digest=button.policy_digest,
        target=button.target,
        nonce=button.nonce,
        expires_at=button.expires_at,
        details=details,
    )
    return sign(form, key)


def form_of(body: dict[str, Any], *, purpose: Purpose, org: str, key: bytes) -> CardForm:
    """The form that was submitted. Raises :class:`MalformedForm` and :class:`NotTheirForm`."""
    form = CardForm.decode(body["view"].get("private_metadata"), purpose=purpose, key=key)
    if (form.org, form.user) != (org, body["user"]["id"]):
        raise NotTheirForm("the form was opened for somebody else")
    return form
