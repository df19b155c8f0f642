"""Data as settings make it: the shipped rules with one org's own over them."""

from __future__ import annotations

from policies.bundle import load_bundle
from policies.engine import is_object
from tools.contracts.common import JsonObject


def autonomy(org: str, own: JsonObject) -> JsonObject:
    shipped = load_bundle().data["autonomy"]
    assert is_object(shipped)
    return {"autonomy": {"default": shipped["default"], "orgs": {org: own}}}
