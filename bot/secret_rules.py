"""What a secret looks like: by itself, and by the name that it stands under.

Every pattern starts at a literal or behind a boundary and repeats within bounds or possessively, so that the time
grows with the text and no further, whatever the text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

SecretKind = Literal[
    "private_key",
    "url_password",
    "aws_access_key",
    "aws_secret",
    "github_token",
    "gitlab_token",
    "slack_token",
    "slack_webhook",
    "anthropic_key",
    "openai_key",
    "google_key",
    "stripe_key",
    "jwt",
    "bearer_token",
    "basic_auth",
    "password",
    "token",
    "secret",
    "depth",
]
"""What was taken out. `depth`: JSON nested deeper than :data:`bot.redaction.MAX_DEPTH` is not kept."""


@dataclass(frozen=True)
class Rule:
    kind: SecretKind
    hints: tuple[str, ...]
    """:func:`folded`: every match holds one of these. Looking for them first makes harmless text cheap."""
    pattern: re.Pattern[str]
    hides: Callable[[str], bool]
    """Whether the group `s` of a match really is a secret."""


def _shannon_bits(text: str) -> float:
    """Bits a character, by the text's own frequencies."""
    total = len(text)
    return -sum(n / total * math.log2(n / total) for n in Counter(text).values())


def _has_digit(text: str) -> bool:
    return any(char.isdigit() for char in text)


def _mixed(text: str) -> bool:
    return _has_digit(text) and any(char.islower() for char in text) and any(char.isupper() for char in text)


def _random_looking(text: str) -> bool:
    """One unbroken piece of at least 16 characters, upper and lower case and digits, without a pattern."""
    return any(len(piece) >= 16 and _mixed(piece) and _shannon_bits(piece) >= 3.5 for piece in re.split(r"[-_.]", text))


_PLACEHOLDERS = frozenset(
    {"none", "null", "true", "false", "required", "missing", "expired", "invalid", "unknown", "unset", "string"}
)


def not_a_placeholder(text: str) -> bool:
    return text.casefold().rstrip(".,;)") not in _PLACEHOLDERS


def _not_a_number(text: str) -> bool:
    return not_a_placeholder(text) and not text.rstrip(".,;)").isdigit()


def _said_in_prose(text: str) -> bool:
    """`the password is hunter2!`, but not `the password is wrong`."""
    return not_a_placeholder(text) and (_has_digit(text) or not text.rstrip(".,;:!?)").isalpha())


HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Controls but tab and line feed, and format characters (Unicode's Cc and Cf): nobody sees them."""

_START = r"(?<![A-Za-z0-9])"
_NOT_YET = r"(?!\[redacted:)"
# Between a name and its value, in prose, shells, YAML, and JSON inside JSON.
_ASSIGN = r"[\"'`\\]{0,4}\s{0,3}(?::=|=>|[:=])\s{0,3}"
_QUOTED = r"\\{0,2}[\"'`](?P<s>" + _NOT_YET + r"[^\"'`\\\n]{1,300}+)"

_PHRASE_WORDS = r"pass(?:word|wd|phrase|code)|pwd"
_PHRASE_HINTS = "password|passwd|passphrase|passcode|pwd"
_API_WORDS = r"token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|client[_-]?secret|auth[_-]?key"


def folded(text: str) -> str:
    """Casefolded, with both of Turkish's other i's as an i, as `(?i:…)` takes them."""
    return (text if text.isascii() else text.replace("İ", "i").replace("ı", "i")).casefold()


def _always(_secret: str) -> bool:
    return True


def _rule(kind: SecretKind, hints: str, pattern: str, hides: Callable[[str], bool] = _always) -> Rule:
    return Rule(kind, tuple(hints.split("|")), re.compile(pattern), hides)


RULES: tuple[Rule, ...] = (
    # Without its END line the block was cut, and what is there is still a key.
    _rule(
        "private_key", "private key",
        r"(?P<s>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"(?:[A-Za-z0-9+/=\\\s:,.()]|-(?!----)){0,20000}+(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?)",
    ),
    _rule("url_password", "://", r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,20}+://[^\s:/@]{0,100}+:(?P<s>"
          + _NOT_YET + r"[^\s/]{1,200})@"),
    _rule("slack_webhook", "hooks.slack", r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?P<s>"
          + _NOT_YET + r"[A-Za-z0-9/_-]{20,200}+)"),
    _rule("aws_access_key", "akia|asia|abia|acca",
          _START + r"(?P<s>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?![A-Za-z0-9])"),
    _rule(
        "aws_secret", "secret",
        r"(?i:secret[_ -]?(?:access[_ -]?)?key)" + _ASSIGN
        + r"\\{0,2}[\"'`]?(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _rule("github_token", "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_",
          r"(?P<s>(?:gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_[A-Za-z0-9_]{22,255}+))"),
    _rule("gitlab_token", "glpat-|gldt-|glrt-|glptt-|glcbt-",
          _START + r"(?P<s>gl(?:pat|dt|rt|ptt|cbt)-[A-Za-z0-9_-]{20,255}+)"),
    _rule("slack_token", "xox|xapp-", _START + r"(?P<s>(?:xox[abceoprs]-[A-Za-z0-9.-]{10,}+|xapp-[A-Za-z0-9-]{10,}+"
          r"|xoxe\.xox[bp]-[A-Za-z0-9-]{10,}+))"),
    _rule("anthropic_key", "sk-ant-", _START + r"(?P<s>sk-ant-[A-Za-z0-9_-]{16,}+)"),
    _rule(
        "openai_key", "sk-",
        _START + r"(?P<s>(?:sk-(?:proj|svcacct|admin|None|or-v1)-[A-Za-z0-9_-]{20,}+|sk-[A-Za-z0-9]{32,}+))",
    ),
    _rule(
        "google_key", "aiza|ya29.|gocspx-",
        r"(?<![A-Za-z0-9_-])(?P<s>(?:AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])|ya29\.[A-Za-z0-9_-]{20,}+"
        r"|GOCSPX-[A-Za-z0-9_-]{20,}+))",
    ),
    _rule("stripe_key", "sk_live_|sk_test_|rk_live_|rk_test_",
          _START + r"(?P<s>(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}+)"),
    _rule(
        "jwt", "eyj",
        r"(?<![A-Za-z0-9_-])(?P<s>eyJ[A-Za-z0-9_-]{10,}+\.[A-Za-z0-9_-]{4,}+(?:\.[A-Za-z0-9_-]*+){1,3})",
    ),
    _rule("bearer_token", "bearer", r"(?i:\bbearer)\s{1,5}(?P<s>[A-Za-z0-9._~+/=-]{16,}+)", _has_digit),
    _rule("basic_auth", "authorization", r"(?i:\bauthorization[\"'\\]{0,3}\s{0,3}[:=]\s{0,3}[\"'\\]{0,3}basic)\s{1,5}"
          r"(?P<s>[A-Za-z0-9+/=]{6,}+)"),
    _rule("password", _PHRASE_HINTS, r"(?i:" + _PHRASE_WORDS + r")" + _ASSIGN + _QUOTED, not_a_placeholder),
    _rule(
        "password", _PHRASE_HINTS,
        r"(?i:" + _PHRASE_WORDS + r")" + _ASSIGN + r"(?P<s>" + _NOT_YET + r"[^\s\"'`\\<>{}|,;&]{3,300}+)",
        not_a_placeholder,
    ),
    _rule(
        "password", _PHRASE_HINTS,
        r"(?i:\b(?:" + _PHRASE_WORDS + r")\s{1,3}is)\s{1,3}[\"'`]?(?P<s>" + _NOT_YET + r"[^\s\"'`<>]{4,300}+)",
        _said_in_prose,
    ),
    _rule("token", "token|key", r"(?i:" + _API_WORDS + r")" + _ASSIGN + r"\\{0,2}[\"'`]?(?P<s>" + _NOT_YET
          + r"[^\s\"'`\\<>{}|,;&]{8,600}+)", _not_a_number),
    _rule("secret", "secret|credential", r"(?i:secret|credentials?)" + _ASSIGN + r"\\{0,2}[\"'`]?(?P<s>" + _NOT_YET
          + r"[^\s\"'`\\<>{}|,;&]{8,600}+)", lambda text: _has_digit(text) and _shannon_bits(text) >= 2.5),
    # Loose prose: "the key for staging is Zk3…".
    _rule(
        "secret", "key|secret|token|credential|passcode|auth",
        r"(?<!redacted:)(?i:\b(?:key|secret|token|credential|passcode|auth)s?\b)[^\n]{0,24}?[\s:=\"'`(]"
        r"(?P<s>" + _NOT_YET + r"[A-Za-z0-9+/_=.-]{20,300}+)",
        _random_looking,
    ),
)  # fmt: skip

HINTS = frozenset(hint for rule in RULES for hint in rule.hints)
AWS_PAIR = _rule(
    "aws_secret", "akia|asia|abia|acca", r"(?<![A-Za-z0-9/+=])(?P<s>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])", _mixed
)
"""An access key id pasted beside its secret: nothing names the secret but its neighbor."""

_SECRET_NAMES = re.compile(
    r"(?:password|passwd|passphrase|passcode|pwd|secret|token|apikey|accesskey|secretkey|privatekey|authkey"
    r"|authorization|credential|credentials|cookie)\Z"
)
NAME_HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "cook")
"""No letter i: a dotted capital one in small letters is two characters."""
_NAME_HINT = re.compile(f"(?i:{'|'.join(NAME_HINTS)})")
_PAGING_NAMES = re.compile(r"(?:page|pagination|continuation|next|cursor|sync)token\Z")


def names_a_secret(name: str) -> bool:
    """Whether what stands under it is a secret, whatever it looks like."""
    if not _NAME_HINT.search(HIDDEN.sub("", name)):
        return False
    plain = re.sub(r"[^a-z]", "", folded(name[-64:]))
    return _SECRET_NAMES.search(plain) is not None and _PAGING_NAMES.search(plain) is None
