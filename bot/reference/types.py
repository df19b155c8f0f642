"""What a setting takes, in words."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AwareDatetime, BaseModel, SecretStr

_PLAIN: dict[Any, str] = {
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret text",
    AwareDatetime: "time with its zone",
}


def type_words(annotation: Any) -> str:
    """E.g. `list of text`; ``a`, `b``; `name → number`. Without bounds."""
    origin = get_origin(annotation)
    arguments = [each for each in get_args(annotation) if each is not types.NoneType]
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is Annotated:
        return type_words(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in {Union, types.UnionType}:
        return " or ".join(dict.fromkeys(type_words(each) for each in arguments))
    if origin in {list, tuple, set, frozenset}:
        return f"list of {type_words(arguments[0])}"
    if origin is dict:
        return f"{type_words(arguments[0])} → {type_words(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    raise TypeError(f"There are no words for {annotation!r} yet: add them here.")


def bounds_words(metadata: list[Any]) -> str:
    """E.g. `1 to 65535`; empty where there are none."""
    low = next((rule.ge for rule in metadata if isinstance(rule, Ge)), None)
    high = next((rule.le for rule in metadata if isinstance(rule, Le)), None)
    below = next((rule.lt for rule in metadata if isinstance(rule, Lt)), None)
    above = next((rule.gt for rule in metadata if isinstance(rule, Gt)), None)
    shortest = next((rule.min_length for rule in metadata if isinstance(rule, MinLen)), None)
    longest = next((rule.max_length for rule in metadata if isinstance(rule, MaxLen)), None)
    said = [
        *([f"{low} to {high}"] if low is not None and high is not None else []),
        *([f"{low} or more"] if low is not None and high is None else []),
        *([f"at most {high}"] if low is None and high is not None else []),
        *([f"above {above}"] if above is not None else []),
        *([f"below {below}"] if below is not None else []),
        *([f"at most {longest} long"] if longest is not None else []),
        *(["not empty"] if shortest == 1 else []),
    ]
    return ", ".join(said)


def bounds_of(annotation: Any) -> list[Any]:
    """The rules in an annotation, of whatever is optional too."""
    if get_origin(annotation) is Annotated:
        inner, *rules = get_args(annotation)
        return [*bounds_of(inner), *_flat(rules)]
    if get_origin(annotation) in {Union, types.UnionType}:
        return [rule for each in get_args(annotation) for rule in bounds_of(each)]
    return []


def _flat(rules: list[Any]) -> list[Any]:
    return [inner for rule in rules for inner in getattr(rule, "metadata", None) or [rule]]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Mappings with keys of their own that a value is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for each in get_args(annotation) for model in models_in(each)]
