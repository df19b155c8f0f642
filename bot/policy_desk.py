"""`/gavel policy` in Slack: what the engine really holds, and by which rules plans were refused lately."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from bot.blocks.message import Message, sentence
from bot.blocks.policies import InForce, RefusedRule, policies_away, policy_card
from bot.desks import Typed
from bot.keys import Keys
from bot.ledger import reader
from bot.ledger.bodies import REFERENCE
from bot.ledger.chain import Entry
from bot.ledger.database import Database
from bot.policy_data import policy_bundle
from bot.settings import Settings, SettingsError
from policies.build import open_engine
from policies.bundle import Bundle
from policies.engine import PolicyUnavailable, PolicyUndefined, is_list, is_object
from policies.tenants import ORG_AT
from tools.contracts.common import JsonObject
from tools.contracts.ledger import LedgerUnavailable

KINDS = frozenset({"plan_validated", "report_validated"})
LOOKED_AT = 50
_REFUSAL = re.compile(r'refusal\(\s*"([a-z_.]+)"')
_PACKAGE = re.compile(r"^package (\S+)", re.MULTILINE)

_LIMITS = {
    "batch_max_percent": "Largest batch in production, % of the assets",
    "canary_max_assets": "Largest canary, assets",
    "quorum": "Approvals needed",
    "quorum_raised": "Approvals needed for a large change",
    "blast_radius_two_approvers": "From so many assets a change is large",
    "approval_expiry_seconds": "A plan waits so many seconds",
}


@dataclass(frozen=True)
class PolicyDesk:
    settings: Settings
    keys: Keys = field(repr=False)

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`."""
        try:
            bundle = policy_bundle(self.settings)
            engine = await open_engine(self.settings.opa.url, bundle=bundle)
        except (SettingsError, PolicyUnavailable, ValueError) as error:
            return policies_away(str(error))
        try:
            digest, name = await engine.digest(), engine.name
        except (PolicyUnavailable, PolicyUndefined) as error:
            return policies_away(str(error))
        finally:
            await engine.aclose()
        try:
            refused, looked_at = await self._refused(typed.org)
        except LedgerUnavailable:
            return sentence("The ledger cannot be read now, so nothing is shown. `gavel doctor` says why.")
        return policy_card(
            InForce(
                engine=name,
                digest=digest,
                as_configured=digest == bundle.digest,
                packages=rule_counts(bundle),
                limits=_limits(bundle, typed.org),
                own=typed.org in bundle.tenants,
            ),
            refused,
            looked_at=looked_at,
        )

    async def _refused(self, org: str) -> tuple[list[RefusedRule], int]:
        database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
        try:
            found = await reader.latest(database, org, kinds=KINDS, besides_task="", before_seq=None, limit=LOOKED_AT)
            rules: dict[str, list[datetime]] = {}
            for entry in found:
                for rule in await self._rules(database, org, entry):
                    rules.setdefault(rule, []).append(datetime.fromisoformat(entry.at))
        finally:
            await database.close()
        rows = [RefusedRule(rule, len(times), max(times)) for rule, times in rules.items()]
        return sorted(rows, key=lambda row: (-row.times, row.rule)), len(found)

    async def _rules(self, database: Database, org: str, entry: Entry) -> list[str]:
        """Those by which one verdict refused, each once. Empty where the entry cannot be read."""
        body = await self._whole(database, org, _parsed(entry.body))
        results = await self._whole(database, org, body.get("results") if is_object(body) else None)
        refusals = [
            refusal
            for result in (results if is_list(results) else [])
            if is_object(result) and is_list(each := result.get("refusals"))
            for refusal in each
        ]
        return list(dict.fromkeys(str(refusal.get("rule", "")) for refusal in refusals if is_object(refusal)))

    async def _whole(self, database: Database, org: str, value: object) -> object:
        """The value, or the artifact that stands for it."""
        if is_object(value) and isinstance(digest := value.get(REFERENCE), str):
            kept = await reader.artifact(database, org, digest, key=self.keys.derive("ledger"))
            return _parsed(kept.body) if kept is not None else None
        return value


def rule_counts(bundle: Bundle) -> list[tuple[str, int]]:
    """Package of the house → how many different refusals stand in its text."""
    found: dict[str, set[str]] = {package: set() for package in sorted(ORG_AT)}
    for module in bundle.modules:
        named = _PACKAGE.search(module.text)
        package = named.group(1) if named is not None else ""
        if package in found:
            found[package] |= set(_REFUSAL.findall(module.text))
    return [(package, len(rules)) for package, rules in found.items()]


def _limits(bundle: Bundle, org: str) -> list[tuple[str, str]]:
    limits = bundle.data.get("limits")
    held: JsonObject = limits if is_object(limits) else {}
    default, orgs = held.get("default"), held.get("orgs")
    own = orgs.get(org) if is_object(orgs) else None
    merged: JsonObject = {**(default if is_object(default) else {}), **(own if is_object(own) else {})}
    return [(words, str(merged[name])) for name, words in _LIMITS.items() if name in merged]


def _parsed(text: str) -> object:
    with suppress(ValueError, RecursionError):
        found: object = json.loads(text)
        return found
    return None
