"""One tool as its server defines it: bounded, and pinned by a digest of all that was said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mcp_types import Tool as WireTool

from tools.contracts.common import digest_of
from tools.json_schema import StrangersCheck
from tools.mcp.names import plain
from tools.mcp.schema import SchemaRefused, taken

DESCRIPTION_LENGTH = 1_000
_SAID = frozenset({"name", "title", "description", "input_schema", "output_schema", "annotations"})


@dataclass(frozen=True)
class Definition:
    """What a server says of a tool of its."""

    name: str
    """As the server calls it: a stranger's word."""
    description: str
    """Plain and bounded."""
    digest: str
    """`sha256:…` of name, title, description, both schemas and annotations, as they were said."""
    parameters: StrangersCheck | None
    """By its schema, bounded. None where that was refused, or was not judged."""
    refused: str = ""
    """Why it cannot be taken, in a clause."""
    changes: bool = False
    """Whether the server itself says that the tool changes something."""


def defined(tool: WireTool) -> Definition:
    """With its schema judged, which takes up to a tenth of a second. Never raises: what cannot be taken says why."""
    only = unjudged(tool)
    if only.refused:
        return only
    try:
        return replace(only, parameters=taken(tool.input_schema))
    except SchemaRefused as error:
        return replace(only, refused=str(error))


def unjudged(tool: WireTool) -> Definition:
    """All but its schema. Never raises."""
    description = plain(tool.description or tool.title or "", at_most=DESCRIPTION_LENGTH)
    hints = tool.annotations
    changes = hints is not None and (hints.read_only_hint is False or hints.destructive_hint is True)
    digest = digest_said(tool)
    refused = "" if digest else "its definition is no JSON"
    return Definition(tool.name, description, digest, None, refused=refused, changes=changes)


def digest_said(tool: WireTool) -> str:
    """Of all that a server says of a tool. Empty where that is no JSON."""
    try:
        return digest_of(tool.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(_SAID)))
    except (ValueError, TypeError, RecursionError):
        return ""


def by_name(tools: Iterable[WireTool]) -> Mapping[str, WireTool | None]:
    """Two of one name are none: nobody knows which of them a call would reach."""
    found: dict[str, WireTool | None] = {}
    for one in tools:
        found[one.name] = None if one.name in found else one
    return found


def twice(name: str) -> Definition:
    return Definition(name, "", "", None, refused="the server has two of this name")
