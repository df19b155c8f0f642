"""Is there text in the plan that must not be in one?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pydantic import BaseModel

from policies.checks.base import Case, refuse
from policies.engine import is_list, is_object
from tools.contracts.common import JsonObject
from tools.contracts.sourced import SOURCED_FIELDS
from tools.contracts.verdict import Refusal

_COMMAND_KEYS = frozenset(
    {"command", "commands", "cmd", "shell", "script", "exec", "execute", "args", "argv", "code", "user_data"}
)

_COMMAND_TEXT = re.compile(r"[\n\r`;|]|&&|\$\(|\$\{|>\s*/|<\(|\b(?:sudo|curl|wget|bash|powershell)\s")

_COMMAND_IN_PROSE = re.compile(
    r"[\n\r`]|&&|\$\(|\$\{|>\s*/|<\(|\b(?:sudo|curl|wget|bash|powershell|kubectl|systemctl|rm\s+-)\s"
)

_SECRETS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a Slack token", re.compile(r"\bx(?:ox[abeprs]|app)-[0-9A-Za-z-]{10,}")),
    ("a GitHub token", re.compile(r"\b(?:gh[opsru]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{30,})")),
    ("a model provider's key", re.compile(r"\bsk-[0-9A-Za-z_-]{20,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a JSON web token", re.compile(r"\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.")),
    ("a password in an address", re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@", re.IGNORECASE)),
    (
        "a password",
        re.compile(r"\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)\b\s*[:=]\s*\S{4,}", re.IGNORECASE),
    ),
)


_NEEDED = (
    *(
        "-----begin",
        "akia",
        "asia",
        "xox",
        "xapp",
        "gho_",
        "ghp_",
        "ghs_",
        "ghr_",
        "ghu_",
        "github_pat_",
        "sk-",
        "aiza",
    ),
    *("eyj", "://", "pass", "secret", "key", "token"),
)
"""What each of them needs at least, folded: most plans have none of it, and are looked through once."""


def _may_hold_a_secret(text: str) -> bool:
    # Folded, as the patterns that ignore case do it: they take a long s for an s. Plain words are found a hundred times
    # faster than one pattern of them all.
    folded = text.casefold()
    return any(needed in folded for needed in _NEEDED)


def no_commands(case: Case) -> Iterator[Refusal]:
    """A plan holds typed tool calls. Text that a shell would read has no place in their parameters."""
    for action in case.actions():
        for place, value in _strings(action.params, ""):
            names_a_command = place.endswith("(key)") and value.lower() in _COMMAND_KEYS
            if names_a_command or _COMMAND_TEXT.search(value):
                yield refuse(
                    "command_text",
                    f"Action {action.id!r} has command text at {place}: a plan holds typed parameters only.",
                )


def no_secrets(case: Case) -> Iterator[Refusal]:
    """A plan is shown to people and kept for good: nothing in it may look like a secret. It is not repeated here."""
    return secrets_in(case.plan, "plan")


def secrets_in(output: BaseModel, what: str) -> Iterator[Refusal]:
    """`what`: `plan` or `report`."""
    document = output.model_dump(mode="json")
    # Not Pydantic's own JSON: it has no words for half a surrogate pair, which a model may write.
    if not _may_hold_a_secret(json.dumps(document, ensure_ascii=False)):
        return
    for place, value in _strings(document, ""):
        if not _may_hold_a_secret(value):
            continue
        for kind, pattern in _SECRETS:
            if pattern.search(value):
                reason = f"The {what} has what looks like {kind} at {place}: leave it out, and rotate it."
                yield refuse("secret", reason)


def looks_secret(text: str) -> bool:
    """Whether `no_secrets` refuses it: then nothing else may repeat it, to say what is wrong with it."""
    return any(pattern.search(text) for _, pattern in _SECRETS)


def commands_in(document: JsonObject) -> Iterator[Refusal]:
    """A report is prose. What somebody might paste into a shell has no place in it."""
    for place, value in _strings(_without_quotes(document), ""):
        if _COMMAND_IN_PROSE.search(value):
            yield refuse("command_text", f"The report has command text at {place}: say what to do, not what to type.")


def _without_quotes(value: object) -> object:
    """Without what is cited as a tool returned it: a log line is evidence, whatever it holds."""
    if is_object(value):
        if value.keys() >= SOURCED_FIELDS:
            # A row of a table: the receipts check compares every value in it with the tool's.
            return {}
        return {key: _without_quotes(item) for key, item in value.items() if key not in {"receipts", "evidence"}}
    return [_without_quotes(item) for item in value] if is_list(value) else value


def _strings(value: object, place: str) -> Iterator[tuple[str, str]]:
    """Every string with its place, keys of objects too: they are as free as their values."""
    if isinstance(value, str):
        yield place, value
    elif is_object(value):
        for key, item in value.items():
            yield f"{place}/(key)", key
            yield from _strings(item, f"{place}/{key[:32]}")
    elif is_list(value):
        for index, item in enumerate(value):
            yield from _strings(item, f"{place}/{index}")
