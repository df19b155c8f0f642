"""What policies an OPA server holds, and what data of ours, as of now."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from policies.bundle import PACKAGES
from policies.engine import PolicyUnavailable, is_list, is_object
from policies.opa_client import Listing
from policies.opa_watch import Watch
from tools.contracts.common import JsonObject


@dataclass(frozen=True)
class Held:
    """What the server holds."""

    ids: frozenset[str]
    """Of every policy."""
    modules: Mapping[str, str]
    """Id → text of every module of a `ql.ai` package."""
    root: object
    """All of `data.gavel`; None: there is none."""


class HeldPolicies:
    """Asks the server each time; reads all that it holds, half a megabyte of syntax trees, only where that may have
    changed. `root` reads `data.gavel`."""

    def __init__(self, listing: Listing, watch: Watch, *, root: Callable[[], Awaitable[object]], url: str) -> None:
        self._listing = listing
        self._root = root
        self._watch = watch
        self._url = url
        self._known: Held | None = None
        self._tried = False
        self._turn = asyncio.Lock()

    async def now(self) -> Held:
        """Raises :class:`PolicyUnavailable`, and what the listing raises."""
        async with self._turn:
            # Forgotten until the server's answer is there: who is cancelled in between leaves nothing stale behind.
            known, self._known = self._known, None
            if not self._tried:
                # Not at the start, where many processes may start at once. What was read before, nobody watched since.
                known, self._tried = None, True
                await self._watch.prove()
            # Asked first, so that a change during the listing is noticed at the next question.
            if not await self._watch.untouched() or known is None:
                known = await self._all()
            self._known = known
            return known

    async def read(self) -> Held:
        """All of them, to see what is to be loaded. What was seen of the server before counts no more: it may be
        another one now. Raises as :meth:`now` does."""
        async with self._turn:
            self._known, self._tried = None, False
            return await self._all()

    async def _all(self) -> Held:
        listed, root = await asyncio.gather(self._listing.read(), self._root())
        return self._held(json.loads(listed), root)

    def _held(self, reply: object, root: object) -> Held:
        result = reply.get("result") if is_object(reply) else None
        policies = [policy for policy in result if is_object(policy)] if is_list(result) else []
        if not is_list(result) or len(policies) != len(result):
            raise PolicyUnavailable(f"OPA at {self._url} does not list its policies.")
        modules: dict[str, str] = {}
        for policy in policies:
            policy_id, raw = policy.get("id"), policy.get("raw")
            if not isinstance(policy_id, str) or not isinstance(raw, str):
                raise PolicyUnavailable(f"OPA at {self._url} does not show the text of its policy {policy_id}.")
            if _is_ours(policy):
                modules[policy_id] = raw
        return Held(ids=frozenset(str(policy["id"]) for policy in policies), modules=modules, root=root)


def _is_ours(policy: JsonObject) -> bool:
    """By the package the server parsed: a module under any id can add rules to `ql.ai.safety`."""
    tree = policy.get("ast")
    package = tree.get("package") if is_object(tree) else None
    path = package.get("path") if is_object(package) else None
    names = [part.get("value") for part in path if is_object(part)] if is_list(path) else []
    # A module whose package cannot be read counts as ours: the digest then shows it.
    return names[:3] == ["data", *PACKAGES.split(".")] or len(names) < 3
