"""Narrowing what came off the wire: JSON whose shape nobody promised."""

from __future__ import annotations

from typing import Any, TypeGuard

from tools.contracts.common import JsonObject


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether it is a JSON object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a JSON array."""
    return isinstance(value, list)


def objects(value: object) -> list[JsonObject]:
    """The objects in a JSON array; empty for anything else."""
    return [item for item in value if is_object(item)] if is_list(value) else []


def child(value: JsonObject, key: str) -> JsonObject:
    """The object under `key`, or an empty one."""
    found = value.get(key)
    return found if is_object(found) else {}


def text_of(value: object) -> str:
    """The string itself, the `text` of a text object, or nothing."""
    if isinstance(value, str):
        return value
    return text_of(value.get("text")) if is_object(value) else ""
