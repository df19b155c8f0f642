"""Takes what looks like a secret out of text and JSON, before anything is kept or handed over.

Ids of this domain (assets, images, digests, Slack, UUID, CVE) stay: a plan without its names is no record.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, get_args

from bot.secret_rules import (
    AWS_PAIR,
    HIDDEN,
    HINTS,
    RULES,
    Rule,
    SecretKind,
    folded,
    names_a_secret,
    not_a_placeholder,
)

MAX_DEPTH = 100


@dataclass(frozen=True)
class Redacted:
    text: str
    found: list[SecretKind]
    """Each once; empty: `text` is what came in."""


@dataclass(frozen=True)
class RedactedJson:
    value: Any
    found: list[SecretKind]


_MAX_PASSES = 5
_SHORTEST = len("pwd=abc")
_SHORT = 256
_ANY_HINT = re.compile("|".join(sorted(map(re.escape, HINTS))))
"""One search over a short text, where each rule's own hints would cost more than they save."""
_MARK = re.compile(r"\[redacted:([a-z_]{1,20})\]")


def redact(text: str) -> Redacted:
    """The text with each secret replaced by `[redacted:kind]`. Redacting twice changes nothing more.

    Where hidden characters break a secret up, it goes without them: they are taken out elsewhere, before people or
    models see the text, and it would be whole again.
    """
    if _has_nothing(text):
        return Redacted(text, [])
    taken: dict[str, SecretKind] = {}
    seen = _redact(text, taken)
    if HIDDEN.search(text) is None:
        return seen
    whole = _redact(HIDDEN.sub("", text), {})
    if not whole.found:
        return seen
    # What a hidden character only stood beside is no secret any more to the rules, glued to what follows.
    said = whole.text
    for secret, kind in taken.items():
        bare = HIDDEN.sub("", secret)
        said = said.replace(bare, f"[redacted:{kind}]") if len(bare) >= _SHORTEST else said
    # What was glued to that shows only now.
    last = _redact(said, {})
    return Redacted(last.text, list(dict.fromkeys([*whole.found, *seen.found, *last.found])))


def _redact(text: str, taken: dict[str, SecretKind]) -> Redacted:
    """`taken`: gets what was taken out, and what it is."""
    found: dict[SecretKind, None] = {}
    # Once more after a find: a secret glued to another one shows only when that is gone.
    for _ in range(_MAX_PASSES):
        before, seen = text, folded(text)
        had_access_key = "aws_access_key" in found
        for rule in RULES:
            if any(hint in seen for hint in rule.hints):
                text = _apply(rule, text, found, taken)
        if "aws_access_key" in found and not had_access_key:
            text = _apply(AWS_PAIR, text, found, taken)
        if text == before:
            break
    return Redacted(text, list(found))


def _has_nothing(text: str) -> bool:
    """What most strings are: too short to be a secret, or without anything that one begins or is named with."""
    if len(text) < _SHORTEST:
        return True
    return len(text) < _SHORT and not _ANY_HINT.search(folded(text)) and not HIDDEN.search(text)


def _apply(rule: Rule, text: str, found: dict[SecretKind, None], taken: dict[str, SecretKind]) -> str:
    def replace(match: re.Match[str]) -> str:
        if not rule.hides(match["s"]):
            return match[0]
        found[rule.kind] = None
        taken[match["s"]] = rule.kind
        before, after = match.start("s") - match.start(), match.end("s") - match.start()
        return f"{match[0][:before]}[redacted:{rule.kind}]{match[0][after:]}"

    return rule.pattern.sub(replace, text)


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """A JSON object, as `json.loads` and `model_dump` give it."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    """A JSON array."""
    return isinstance(value, (list, tuple))


def redacted(text: str) -> str:
    """The text without what looks like a secret."""
    return text if _has_nothing(text) else redact(text).text


def redact_named(name: str, text: str) -> Redacted:
    """What stands under a name: whole where the name is a secret's, as :func:`redact_json` takes it."""
    found: dict[SecretKind, None] = {}
    return Redacted(_redact_string(text, found, secret=names_a_secret(name)), list(found))


def marked(text: str) -> list[SecretKind]:
    """What was taken out of a text, by the marks in it. Somebody may have typed one: it only says that one is there."""
    names = dict.fromkeys(match[1] for match in _MARK.finditer(text))
    return [kind for kind in get_args(SecretKind) if kind in names]


def redact_json(value: Any) -> RedactedJson:
    """A JSON value with every string redacted, names too; a string under a name such as `password` goes whole.

    Numbers, booleans and null stay (`prompt_tokens` is no secret). The value that came in is not changed.
    """
    found: dict[SecretKind, None] = {}
    return RedactedJson(_walk(value, found, depth=0, secret=False), list(found))


def _walk(value: Any, found: dict[SecretKind, None], *, depth: int, secret: bool) -> Any:
    if isinstance(value, str):
        return _redact_string(value, found, secret=secret)
    if not is_object(value) and not is_array(value):
        return value
    if depth >= MAX_DEPTH:
        found["depth"] = None
        return "[redacted:depth]"
    if is_object(value):
        return {
            _redact_string(name, found, secret=False): _walk(
                inner, found, depth=depth + 1, secret=secret or names_a_secret(name)
            )
            for name, inner in value.items()
        }
    return [_walk(inner, found, depth=depth + 1, secret=secret) for inner in value]


def _redact_string(text: str, found: dict[SecretKind, None], *, secret: bool) -> str:
    if secret and text and not text.startswith("[redacted:") and not_a_placeholder(text):
        found["secret"] = None
        return "[redacted:secret]"
    if _has_nothing(text):
        return text
    outcome = redact(text)
    for kind in outcome.found:
        found[kind] = None
    return outcome.text
