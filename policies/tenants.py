"""An org's own policies beside the house's. They can refuse more and ask for more; they can never allow.

They are packages of their own (`ql.ai.tenants.<slug>.safety` beside `ql.ai.safety`), with a rule `decision` of the same
form. The house is asked first and its answer stands; the org's can only be added to it. What is undefined,
contradictory or says something that nobody reads is a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from policies.bundle import Tenant
from policies.engine import PolicyEngine, PolicyUndefined, is_object
from policies.tightening import more_blockers, tightened
from tools.contracts.common import JsonObject

ORG_AT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ql.ai.safety": ("org",),
        "ql.ai.reports": ("org",),
        "ql.ai.tools": ("caller", "org"),
        "ql.ai.approval": ("caller", "org"),
        "ql.ai.autonomy": ("caller", "org"),
        "ql.ai.execution": ("plan", "org"),
        "ql.ai.images": ("org",),
        "ql.ai.commands": ("caller", "org"),
    }
)
"""Package → where its input names the org. These are what an org's own policies can add to."""

_SAID = frozenset({"allow", "deny", "version"})
_MORE: Mapping[str, frozenset[str]] = MappingProxyType(
    {"ql.ai.approval": frozenset({"require"}), "ql.ai.autonomy": frozenset({"blockers", "mode"})}
)
"""What a decision may say besides. Anything else would be written and not read."""


@dataclass(frozen=True)
class WithTenants:
    """A :class:`policies.engine.PolicyEngine` that asks the house, and then the org's own policies."""

    engine: PolicyEngine
    tenants: Mapping[str, Tenant]

    @property
    def name(self) -> str:
        return self.engine.name

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        """See :class:`policies.engine.PolicyEngine`. The org's own refusals are called `tenant.…`."""
        house = await self.engine.decide(package, document)
        if house["allow"] is not True:
            return house
        tenant = self.tenants.get(_org(package, document))
        if tenant is None or package not in tenant.packages:
            return house
        return _added(package, house, await self.engine.decide(tenant.package(package), document))

    async def digest(self) -> str:
        """Of the house's and of every org's policies: they are loaded into one engine."""
        return await self.engine.digest()

    async def aclose(self) -> None:
        await self.engine.aclose()


def _org(package: str, document: JsonObject) -> str:
    """Whose policies are to be asked. Raises :class:`PolicyUndefined`: without a name none would be."""
    value: object = document
    for step in ORG_AT.get(package, ()):
        value = value.get(step) if is_object(value) else None
    if not isinstance(value, str):
        raise PolicyUndefined(f"The input for {package} names no org: its own policies could not be asked.")
    return value


def _added(package: str, house: JsonObject, own: JsonObject) -> JsonObject:
    """The house's decision and what the org's adds. Nothing of the house's is taken away."""
    if unread := sorted(set(own) - _SAID - _MORE.get(package, frozenset())):
        raise PolicyUndefined(f"The org's own decision for {package} says {unread[0]!r}, which nothing reads.")
    deny = [*house["deny"], *(_renamed(entry) for entry in own["deny"])]
    merged: JsonObject = {**house, "allow": not deny, "deny": deny}
    if deny:
        # With a refusal there is nothing to require, and nothing may run alone.
        return {**merged, **({"requirement": None} if package == "ql.ai.approval" else {})}
    if package == "ql.ai.approval":
        return tightened(merged, own.get("require"))
    if package == "ql.ai.autonomy":
        return more_blockers(merged, blockers=own.get("blockers"), mode=own.get("mode"))
    return merged


def _renamed(entry: JsonObject) -> JsonObject:
    rule, reason = str(entry["rule"]), str(entry["reason"])
    return {**entry, "rule": f"tenant.{rule.removeprefix('tenant.')}"[:128], "reason": reason[:400]}
