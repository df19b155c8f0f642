"""One tool as its server defines it: bounded, and pinned by a digest of all that was said of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mcp_types import Tool as WireTool

from tools.contracts.common import JsonObject, digest_of
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
    schema: JsonObject
    """Of its parameters, bounded. Empty where it was refused."""
    refused: str = ""
    """Why it cannot be taken, in a clause."""
    changes: bool = False
    """Whether the server itself says that the tool changes something."""


def defined(tool: WireTool) -> Definition:
    """Never raises: what cannot be taken says why."""
    said = tool.model_dump(mode="json", by_alias=True, exclude_none=True, include=set(_SAID))
    description = plain(tool.description or tool.title or "", at_most=DESCRIPTION_LENGTH)
    hints = tool.annotations
    changes = hints is not None and (hints.read_only_hint is False or hints.destructive_hint is True)
    digest = ""
    try:
        digest = digest_of(said)
        return Definition(tool.name, description, digest, taken(tool.input_schema), changes=changes)
    except (ValueError, TypeError, RecursionError):
        why = "its definition is no JSON"
    except SchemaRefused as error:
        why = str(error)
    return Definition(tool.name, description, digest, {}, refused=why, changes=changes)


def by_name(definitions: Iterable[Definition]) -> dict[str, Definition]:
    """Two of one name are none: nobody knows which of them a call would reach."""
    found: dict[str, Definition] = {}
    for one in definitions:
        twice = one.name in found
        found[one.name] = Definition(one.name, "", "", {}, refused="the server has two of this name") if twice else one
    return found
