"""What decides: an engine that answers with a whole decision, or raises. There is no third way."""

from __future__ import annotations

import re
from typing import Protocol, TypeGuard

from tools.contracts.common import JsonObject

_PACKAGE = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


class PolicyUnavailable(Exception):
    """The engine could not be asked. Nothing may go on; asking again later can help."""


class PolicyUndefined(Exception):
    """The engine answered, and the answer is no decision: undefined, an evaluation error, another shape.

    A refusal: asking again cannot help until someone corrects the policies or their data.
    """


class PolicyEngine(Protocol):
    """Judges a document by a package's rule `decision`."""

    @property
    def name(self) -> str:
        """For the reports, e.g. `opa 1.22.2` or `regorus`."""
        ...

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        """`{"allow": bool, "deny": [{"rule", "reason", "repairable"}], "version": str, …}` as the package has it.

        `package` is e.g. `ql.ai.safety`; `document` becomes Rego's `input`. Raises :class:`PolicyUnavailable` and
        :class:`PolicyUndefined`.
        """
        ...

    async def digest(self) -> str:
        """`sha256:…` of what the engine really holds now. Raises :class:`PolicyUnavailable`."""
        ...

    async def aclose(self) -> None: ...


def checked_package(package: str) -> str:
    """The name as given. Raises `ValueError` for anything but dotted lower-case words: it becomes part of a query."""
    if _PACKAGE.fullmatch(package) is None:
        raise ValueError(f"{package!r} is not a package name. Use dotted lower-case words, e.g. ql.ai.safety.")
    return package


def checked_decision(package: str, answer: object) -> JsonObject:
    """The answer, if it is a whole and consistent decision. Raises :class:`PolicyUndefined`."""
    if not is_object(answer):
        raise PolicyUndefined(f"{package}.decision is {_shown(answer)} where an object was expected.")
    allow, deny, version = answer.get("allow"), answer.get("deny"), answer.get("version")
    if not isinstance(allow, bool):
        raise PolicyUndefined(f"{package}.decision has no boolean `allow`; it has {_shown(allow)}.")
    if not is_list(deny):
        raise PolicyUndefined(f"{package}.decision has no list `deny`; it has {_shown(deny)}.")
    for entry in deny:
        if not _is_refusal(entry):
            raise PolicyUndefined(f"{package}.decision denies without rule, reason and repairable: {_shown(entry)}.")
    if not isinstance(version, str):
        raise PolicyUndefined(f"{package}.decision has no `version`.")
    if allow is bool(deny):
        raise PolicyUndefined(f"{package}.decision contradicts itself: allow is {allow} with {len(deny)} refusals.")
    return answer


def normalized(value: object) -> object:
    """The same JSON value with whole floats as integers: an engine may print 50 and 50.0 differently."""
    # Most of a document is text, which is not looked at any further.
    if is_object(value):
        return {key: item if isinstance(item, str) else normalized(item) for key, item in value.items()}
    if is_list(value):
        return [item if isinstance(item, str) else normalized(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def normalized_object(value: JsonObject) -> JsonObject:
    """:func:`normalized` for an object."""
    return {key: normalized(item) for key, item in value.items()}


def is_object(value: object) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _is_refusal(entry: object) -> bool:
    return (
        is_object(entry)
        and isinstance(entry.get("rule"), str)
        and isinstance(entry.get("reason"), str)
        and isinstance(entry.get("repairable"), bool)
    )


def _shown(value: object) -> str:
    return "undefined" if value is None else f"a {type(value).__name__}"
