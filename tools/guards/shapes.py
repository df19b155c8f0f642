"""Narrowing and bounding values that a model wrote."""

from __future__ import annotations

from typing import TypeGuard

from tools.contracts.common import JsonObject


def is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def is_object(value: object) -> TypeGuard[JsonObject]:
    return isinstance(value, dict)


def printable(text: str, *, at_most: int) -> str:
    """Bounded text without lone surrogates or control characters."""
    encodable = text[:at_most].encode("utf-8", errors="replace").decode()
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in encodable)
