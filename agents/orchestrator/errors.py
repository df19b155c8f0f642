"""What a provider's failure leaves behind besides its kind: when to come back, and what was already paid for."""

from __future__ import annotations

import re

from agents.orchestrator.chat import ChatReply, ModelError, ModelErrorKind

MESSAGE_LIMIT = 300
"""Characters of a provider's own words kept in an error."""

_KEY_SHAPES = re.compile(
    r"""(?ix)
    \b sk-[\w*.-]{6,} | \b AIza[\w*-]{10,} | \b (?:AKIA|ASIA)[A-Z0-9]{12,} | \b ABSK[\w+/=*-]{10,}
    | (?<= \b bearer\s) [^\s'",}]+
    | (?<= key=) [^\s&'"]+
    """
)


class ProviderRefusal(ModelError):
    """The provider answered with an error status."""

    def __init__(self, kind: ModelErrorKind, message: str, *, retry_after_seconds: float | None) -> None:
        super().__init__(kind, message)
        self.retry_after_seconds = retry_after_seconds
        """What its Retry-After header asked for; None when it named nothing."""


class UnusableReply(ModelError):
    """A reply arrived, and was paid for, but cannot be used."""

    def __init__(self, kind: ModelErrorKind, message: str, *, reply: ChatReply) -> None:
        super().__init__(kind, message)
        self.reply = reply


def without_secrets(text: str, secrets: tuple[str, ...]) -> str:
    """A provider's message without the given secrets or anything shaped like a key, on one line, shortened.

    Providers echo keys in their errors, some of them partly masked.
    """
    for secret in sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True):
        text = text.replace(secret, "[redacted]")
    text = " ".join(_KEY_SHAPES.sub("[redacted]", text).split())
    return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
