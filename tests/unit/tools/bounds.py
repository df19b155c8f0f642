"""What a schema lets through: anything of any size, or of any name."""

from __future__ import annotations

from tools.contracts.common import JsonObject


def unbounded(node: JsonObject, root: JsonObject, at: str = "") -> list[str]:
    """Where a schema lets something of any size, or of any name, through."""
    if "$ref" in node:
        name = str(node["$ref"]).removeprefix("#/$defs/")
        return unbounded(root["$defs"][name], root, f"{at}<{name}>")
    found: list[str] = []
    for kind in ("anyOf", "oneOf", "allOf"):
        for inner in node.get(kind, []):
            found.extend(unbounded(inner, root, at))
    match node.get("type"):
        case "object":
            if node.get("additionalProperties") is not False:
                found.append(f"{at}: open")
            for name, inner in node.get("properties", {}).items():
                found.extend(unbounded(inner, root, f"{at}/{name}"))
        case "array":
            if "maxItems" not in node:
                found.append(f"{at}: any number of items")
            found.extend(unbounded(node["items"], root, f"{at}/*"))
        case "string":
            if not {"maxLength", "enum", "const", "format", "pattern"} & set(node):
                found.append(f"{at}: any text")
        case _:
            pass
    return found
