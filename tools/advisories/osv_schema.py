"""JSON Schema of what Gavel reads of an OSV record, and how much of it. Fields it does not read may hold anything.

Source: the OSV format, ossf.github.io/osv-schema, version 1.7. Its own list of ecosystems and id prefixes is not
enforced: newer records name newer ones, and the format asks consumers to go on.
"""

from __future__ import annotations

from tools.contracts.common import JsonObject

MAX_AFFECTED = 5_000
MAX_VERSIONS = 50_000
MAX_EVENTS = 2_000
MAX_NAMES = 500

_END = r"$(?!\n)"
"""Python's `$` also matches before a last newline."""

_MOMENT: JsonObject = {
    "type": "string",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z" + _END,
}
_ID: JsonObject = {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._:+-]{0,127}" + _END}
_IDS: JsonObject = {"type": ["array", "null"], "maxItems": MAX_NAMES, "items": _ID}
_VERSION: JsonObject = {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]{1,200}" + _END}

_SEVERITIES: JsonObject = {
    "type": ["array", "null"],
    "maxItems": 20,
    "items": {
        "type": "object",
        "properties": {
            "type": {"type": "string", "maxLength": 32},
            "score": {"type": "string", "minLength": 1, "maxLength": 500},
        },
        "required": ["type", "score"],
    },
}

_RANGE: JsonObject = {
    "type": "object",
    "properties": {
        "type": {"enum": ["GIT", "SEMVER", "ECOSYSTEM"]},
        "events": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_EVENTS,
            "items": {
                "type": "object",
                "properties": dict.fromkeys(("introduced", "fixed", "last_affected", "limit"), _VERSION),
                "additionalProperties": False,
                "minProperties": 1,
                "maxProperties": 1,
            },
            "contains": {"required": ["introduced"]},
        },
    },
    "required": ["type", "events"],
}

_AFFECTED: JsonObject = {
    "type": "object",
    "properties": {
        "package": {
            "type": "object",
            "properties": {
                "ecosystem": {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]{1,120}" + _END},
                "name": {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]{1,300}" + _END},
            },
            "required": ["ecosystem", "name"],
        },
        "severity": _SEVERITIES,
        "ranges": {"type": ["array", "null"], "maxItems": 500, "items": _RANGE},
        # There may be tens of thousands: each is checked by the model they go into, which is quicker by far.
        "versions": {"type": ["array", "null"], "maxItems": MAX_VERSIONS},
    },
}

OSV_SCHEMA: JsonObject = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "The part of an OSV record that Gavel reads",
    "type": "object",
    "properties": {
        "schema_version": {"type": "string", "pattern": r"^1\.[0-9]+\.[0-9]+"},
        "id": _ID,
        "modified": _MOMENT,
        "published": _MOMENT,
        "withdrawn": _MOMENT,
        "aliases": _IDS,
        "upstream": _IDS,
        "summary": {"type": "string"},
        "details": {"type": "string"},
        "severity": _SEVERITIES,
        "affected": {"type": ["array", "null"], "maxItems": MAX_AFFECTED, "items": _AFFECTED},
        "references": {
            "type": ["array", "null"],
            "maxItems": 1_000,
            "items": {
                "type": "object",
                "properties": {"type": {"type": "string"}, "url": {"type": "string"}},
                "required": ["type", "url"],
            },
        },
        "database_specific": {"type": ["object", "null"]},
    },
    "required": ["id", "modified"],
}
