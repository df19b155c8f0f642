"""A server's input schema, bounded: what models read of it and calls are held to.

Models read its every word, and validators walk its every branch. So it is taken apart and put together again from the
keywords of JSON Schema that judge a value. References are replaced by what they refer to, which makes the longest walk
as long as the schema; one that goes round, or leads out of the document, has no such replacement and is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from tools.contracts.common import JsonObject, canonical_json
from tools.json_schema import StrangersCheck
from tools.mcp.names import hides, plain

MAX_BYTES = 32_000
MAX_DEPTH = 16
"""Of schemas in schemas."""
MAX_NODES = 1_000
"""Schemas in the whole, after references are replaced."""
MAX_PATTERNS = 20
"""After references are replaced. All of them are compiled in one go, which nothing else in this process gets between:
the dearest that are accepted take 50 ms."""
MAX_CHOICES = 200
DESCRIPTION_LENGTH = 300
WORD_LENGTH = 200

_SCALARS = frozenset(
    {"type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"}
    | {"minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties"}
    | {"required", "format", "dependentRequired", "pattern"}
)
_ONE = frozenset({"items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"})
_SEVERAL = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_NOT_JUDGED = frozenset(
    {"$id", "id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary"}
    | {"unevaluatedProperties", "unevaluatedItems", "additionalItems", "dependencies"}
)
"""They change what other keywords mean, or would be passed over by a validator of this draft."""
_NOT_AT_THE_TOP = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "enum", "const", "$ref"})
"""Providers refuse a whole request for one of them."""
_PROPERTY = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_LOCAL = re.compile(r"#/(?:\$defs|definitions)/(?P<name>[^/~%]{1,100})")


class SchemaRefused(Exception):
    """Why it is not taken, in words of ours. Nothing of it is quoted but keywords."""


def taken(schema: JsonObject) -> StrangersCheck:
    """Holds values to the same schema, in bounds. To compile it holds up the process, so this one is the one to keep.

    Raises :class:`SchemaRefused`.
    """
    try:
        size = len(canonical_json(schema))
    except (ValueError, TypeError, RecursionError):
        raise SchemaRefused("its input schema is no JSON") from None
    if size > MAX_BYTES:
        raise SchemaRefused(f"its input schema is {size} bytes; at most {MAX_BYTES}")
    if schema.get("type") != "object":
        raise SchemaRefused("its input schema is not of type object")
    if top := sorted(_NOT_AT_THE_TOP & set(schema)):
        raise SchemaRefused(f"its input schema has {', '.join(top)} at the top, which providers of models refuse")
    bounded = _Taking(_definitions(schema)).parts(schema, depth=0)
    bounded.setdefault("properties", {})
    if len(canonical_json(bounded)) > MAX_BYTES:
        raise SchemaRefused(f"its input schema is over {MAX_BYTES} bytes with its references replaced")
    try:
        return StrangersCheck(bounded)
    except ValueError:
        raise SchemaRefused(
            "its input schema is not valid, or has a pattern that cannot be matched in one go or is too dear"
        ) from None


def _definitions(schema: JsonObject) -> JsonObject:
    found: JsonObject = {}
    for key in ("definitions", "$defs"):
        found |= _object(schema.get(key, {}), key)
    return found


def _object(value: object, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise SchemaRefused(f"{what} of its input schema is no object")
    return cast("JsonObject", value)


@dataclass
class _Taking:
    definitions: Mapping[str, object]
    nodes: int = 0
    patterns: int = 0
    open: tuple[str, ...] = ()
    """The definitions that are being replaced now."""

    def schema(self, value: object, *, depth: int) -> JsonObject | bool:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise SchemaRefused(f"its input schema is nested deeper than {MAX_DEPTH}")
        if self.nodes > MAX_NODES:
            raise SchemaRefused(f"its input schema is more than {MAX_NODES} schemas with its references replaced")
        return value if isinstance(value, bool) else self.parts(value, depth=depth)

    def parts(self, value: object, *, depth: int) -> JsonObject:
        given = _object(value, "a part")
        if strange := sorted(_NOT_JUDGED & set(given)):
            raise SchemaRefused(f"its input schema uses {', '.join(strange)}, which is not evaluated here")
        built: JsonObject = {}
        self._count_patterns(given)
        for key, inner in given.items():
            if (judging := self._keyword(key)) is not None:
                built[key] = judging(inner, depth + 1)
        if "$ref" in given:
            built["allOf"] = [*built.get("allOf", []), self._referred(given["$ref"], depth=depth + 1)]
        return built

    def _count_patterns(self, given: JsonObject) -> None:
        self.patterns += "pattern" in given
        self.patterns += len(_object(given.get("patternProperties", {}), "patternProperties"))
        if self.patterns > MAX_PATTERNS:
            raise SchemaRefused(f"its input schema has more than {MAX_PATTERNS} patterns")

    def _keyword(self, key: str) -> Callable[[object, int], object] | None:
        """How its value is taken. None: it judges nothing and is dropped, as JSON Schema has it for unknown ones."""
        if key in _SCALARS:
            return _scalar
        if key in _ONE:
            return lambda inner, depth: self.schema(inner, depth=depth)
        if key in _SEVERAL:
            return lambda inner, depth: [self.schema(each, depth=depth) for each in _list(inner, key)]
        if key in _NAMED:
            return lambda inner, depth: self._named(key, inner, depth)
        if key in {"enum", "const"}:
            return lambda inner, _: _choices(inner) if key == "enum" else _choice(inner)
        return _described if key == "description" else None

    def _named(self, key: str, value: object, depth: int) -> JsonObject:
        named = _object(value, key)
        for name in named:
            if key == "properties" and _PROPERTY.fullmatch(name) is None:
                raise SchemaRefused(
                    "it has a parameter with a strange name; they are letters, digits, _ . - (at most 64)"
                )
            _word(name)
        return {name: self.schema(inner, depth=depth) for name, inner in named.items()}

    def _referred(self, reference: object, *, depth: int) -> JsonObject | bool:
        found = _LOCAL.fullmatch(reference) if isinstance(reference, str) else None
        if found is None or found["name"] not in self.definitions:
            raise SchemaRefused("its input schema refers to what is not in its $defs")
        name = found["name"]
        if name in self.open:
            raise SchemaRefused("its input schema refers to itself")
        before, self.open = self.open, (*self.open, name)
        replaced = self.schema(self.definitions[name], depth=depth)
        self.open = before
        return replaced


def _scalar(value: object, _depth: int) -> object:
    """Numbers, words, and lists of words: what is wrong with them, the validator says."""
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, list):
        return [_scalar(each, 0) for each in cast("list[object]", value)]
    if isinstance(value, dict):
        return {_word(name): _scalar(each, 0) for name, each in cast("JsonObject", value).items()}
    return value


def _list(value: object, what: str) -> list[object]:
    if not isinstance(value, list):
        raise SchemaRefused(f"{what} of its input schema is no list")
    return cast("list[object]", value)


def _choices(value: object) -> list[object]:
    choices = _list(value, "enum")
    if len(choices) > MAX_CHOICES:
        raise SchemaRefused(f"its input schema has a choice of {len(choices)}; at most {MAX_CHOICES}")
    return [_choice(choice) for choice in choices]


def _choice(value: object) -> object:
    if isinstance(value, str):
        return _word(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise SchemaRefused("its input schema has a choice that is neither a word nor a number")


def _word(value: str) -> str:
    """It must stay what it is, or other values would be valid: where it hides something it is refused."""
    if len(value) > WORD_LENGTH or hides(value):
        raise SchemaRefused(
            f"its input schema has a word of over {WORD_LENGTH} characters, or one that hides something"
        )
    return value


def _described(value: object, _depth: int) -> str:
    return plain(value, at_most=DESCRIPTION_LENGTH) if isinstance(value, str) else ""
