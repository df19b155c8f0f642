"""The settings that policies judge by, as the policies' data has them."""

from __future__ import annotations

from bot.settings import Settings, SettingsError
from policies.bundle import Bundle, load_bundle
from policies.engine import is_object
from policies.tenant_bundle import TenantPolicies, TenantPoliciesError, read_tenant, with_tenants
from tools.contracts.common import JsonObject


def policy_bundle(settings: Settings) -> Bundle:
    """The policies that this installation judges by, those of its orgs among them. Raises :class:`SettingsError`."""
    house = load_bundle(policy_data(settings))
    try:
        return with_tenants(house, tenant_policies(settings)) if settings.policies.tenants else house
    except TenantPoliciesError as error:
        raise SettingsError([f"policies.tenants: {error} Nothing was started."]) from error


def tenant_policies(settings: Settings) -> list[TenantPolicies]:
    """Raises :class:`policies.tenant_bundle.TenantPoliciesError`."""
    return [read_tenant(org, directory.expanduser()) for org, directory in sorted(settings.policies.tenants.items())]


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
