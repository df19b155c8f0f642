"""The settings that policies judge by, as the policies' data has them."""

from __future__ import annotations

from bot.settings import Settings
from policies.bundle import Bundle, load_bundle
from policies.engine import is_object
from tools.contracts.common import JsonObject


def policy_bundle(settings: Settings) -> Bundle:
    """The policies that this installation judges by."""
    return load_bundle(policy_data(settings))


def policy_data(settings: Settings) -> JsonObject:
    """Whole keys of `data.gavel`, those alone for which something is set: what an OPA server's operator keeps there
    stays where the settings say nothing."""
    data: JsonObject = {}
    own, orgs = settings.autonomy.default.given, {org: rules.given for org, rules in settings.autonomy.orgs.items()}
    if own or orgs:
        shipped = load_bundle().data["autonomy"]
        default: object = shipped["default"] if is_object(shipped) else None
        data["autonomy"] = {"default": {**(default if is_object(default) else {}), **own}, "orgs": orgs}
    if settings.calendar.freezes is not None:
        data["freezes"] = [span.entry for span in settings.calendar.freezes]
    if settings.calendar.windows is not None:
        data["windows"] = [span.entry for span in settings.calendar.windows]
    return data
