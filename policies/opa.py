"""The policies on an OPA server. With a server configured there is no falling back: OPA away means nothing runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp

from policies.bundle import ROOT, TENANTS_AT, Bundle, bundle_digest
from policies.engine import (
    PolicyUnavailable,
    PolicyUndefined,
    checked_decision,
    checked_package,
    is_list,
    is_object,
    normalized,
    normalized_object,
)
from policies.opa_client import Listing, OpaClient, is_absent, is_client_error, new_client
from policies.opa_held import Held, HeldPolicies
from policies.opa_watch import Watch
from tools.contracts.common import JsonObject
from tools.readings import SharedReading

_STRICT = {"strict-builtin-errors": "true"}
"""Otherwise OPA turns an error in a builtin into undefined, and a deny rule that is undefined denies nothing."""

_REGO_COMPAT = False
"""The library would rewrite what it takes for old Rego; what is uploaded must be what was shipped."""

_NOT_EVALUATED = frozenset({400, 500})
"""OPA's statuses for an input it cannot read and a rule it cannot evaluate."""


class OpaEngine:
    """A :class:`policies.engine.PolicyEngine` on an OPA server; made by :func:`open_opa`."""

    def __init__(self, client: OpaClient, listing: Listing, bundle: Bundle, *, url: str, stack: AsyncExitStack) -> None:
        self.name = "opa"
        self._client = client
        self._digest: SharedReading[str] = SharedReading(self._read_digest, name="read OPA's policies")
        self._policies = HeldPolicies(listing, Watch(client), root=self._document, url=url)
        self._digested: tuple[Held, str] | None = None
        self._bundle = bundle
        self._url = url
        self._stack = stack
        self._loading = asyncio.Lock()

    async def load(self) -> None:
        """Give the server the modules and data it lacks. Raises :class:`PolicyUnavailable`.

        Modules that differ are replaced. Data already on the server is its operator's and stays, unless this
        bundle was configured with its own: a freeze set on the server must outlive a restart of Gavel.
        """
        async with self._loading, self._asking("load the policies into"):
            held = dict((await self._policies.read()).modules)
            for stale in sorted(held.keys() - {module.id for module in self._bundle.modules}, reverse=True):
                # What an org had and has no longer: it would go on refusing, and nobody would know why.
                if stale.startswith(TENANTS_AT):
                    await self._client.delete_policy(stale)
                    del held[stale]
            if any(held.get(module.id, module.text) != module.text for module in self._bundle.modules):
                # Another version's modules may not compile with ours: all go, dependents first, before any comes.
                # Until they are there again every decision is undefined, which is a refusal.
                for module in reversed(self._bundle.modules):
                    if held.pop(module.id, None) is not None:
                        await self._client.delete_policy(module.id)
            for module in self._bundle.modules:
                if module.id not in held:
                    await self._client.update_policy_from_string(module.text, module.id, _REGO_COMPAT)
            await self._load_data()
            self.name = f"opa {await self._version()}"

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        """See :class:`policies.engine.PolicyEngine`."""
        checked_package(package)
        given = normalized_object(document)
        reply = await self._query(package, given)
        if "result" not in reply:
            await self._load_again_if_lost()
            reply = await self._query(package, given)
        if "result" not in reply:
            raise PolicyUndefined(f"{package}.decision is undefined on {self._url}. Nothing is allowed by it.")
        return checked_decision(package, normalized(reply["result"]))

    async def digest(self) -> str:
        """Of every module on the server that is of a `ql.ai` package, whoever put it there, and of the data.

        Those who ask at a time share one reading.
        """
        return await self._digest.now()

    async def _read_digest(self) -> str:
        held = await self._now()
        if self._lacks(held):
            await self.load()
            held = await self._now()
        if self._digested is None or self._digested[0] is not held:
            data = {key: held.root.get(key) if is_object(held.root) else None for key in self._bundle.data}
            self._digested = held, bundle_digest(held.modules, data)
        return self._digested[1]

    async def _now(self) -> Held:
        async with self._asking("read the policies of"):
            return await self._policies.now()

    async def aclose(self) -> None:
        await self._stack.aclose()

    async def _load_again_if_lost(self) -> None:
        """OPA keeps policies in memory: a server that was restarted has none until it is given them again."""
        if self._lacks(await self._now()):
            await self.load()

    def _lacks(self, held: Held) -> bool:
        return not {module.id for module in self._bundle.modules} <= held.ids

    async def _load_data(self) -> None:
        # Objects first: putting one makes the path above it, which a patch needs to be there.
        for key, value in sorted(self._bundle.data.items(), key=lambda item: not is_object(item[1])):
            present = await self._document(key)
            if present is None or (key in self._bundle.configured and present != normalized(value)):
                if is_object(value):
                    await self._client.update_or_create_data(value, f"{ROOT}/{key}")
                else:
                    await self._client.patch_data(ROOT, [{"op": "add", "path": f"/{key}", "value": value}])

    async def _query(self, package: str, document: JsonObject) -> JsonObject:
        async with self._asking("decide with"):
            try:
                reply: object = await self._client.query_rule(document, package, "decision", _STRICT)
            except aiohttp.ClientResponseError as error:
                if error.status in _NOT_EVALUATED:
                    raise PolicyUndefined(
                        f"OPA at {self._url} could not evaluate {package}.decision (status {error.status})."
                        " Nothing is allowed by it."
                    ) from error
                raise
            if not is_object(reply):
                raise PolicyUndefined(f"OPA at {self._url} answered {package}.decision with no object.")
            return reply

    async def _document(self, key: str = "") -> object:
        """`data.gavel.<key>` on the server (empty: all of `data.gavel`), or None when there is none."""
        try:
            reply: object = await self._client.get_data(f"{ROOT}/{key}" if key else ROOT)
        except Exception as error:
            if is_absent(error):
                return None
            raise
        return normalized(reply.get("result")) if is_object(reply) else None

    async def _version(self) -> str:
        reply: object = await self._client.ad_hoc_query("version := opa.runtime().version")
        rows = reply.get("result") if is_object(reply) else None
        first = rows[0] if is_list(rows) and rows else None
        return str(first.get("version", "")) if is_object(first) else ""

    @asynccontextmanager
    async def _asking(self, what: str) -> AsyncGenerator[None]:
        """Every way in which the server can fail to answer becomes :class:`PolicyUnavailable`."""
        try:
            yield
        except (PolicyUnavailable, PolicyUndefined):
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise PolicyUnavailable(self._sentence(what, error)) from error
        except Exception as error:
            if is_client_error(error):
                raise PolicyUnavailable(self._sentence(what, error)) from error
            raise

    def _sentence(self, what: str, error: Exception) -> str:
        return (
            f"Gavel could not {what} OPA at {self._url} ({type(error).__name__}: {error})."
            " Nothing was allowed. Check that OPA is running and that OPA_URL is right."
        )


async def open_opa(url: str, bundle: Bundle, *, token: str | None = None, timeout_seconds: float = 1.5) -> OpaEngine:
    """An engine on the server at `url`, with the policies loaded.

    Raises `ValueError` for an address that is none, and :class:`PolicyUnavailable` when the server is away or
    does not take the policies.
    """
    stack = AsyncExitStack()
    client = await stack.enter_async_context(new_client(url, token=token, timeout_seconds=timeout_seconds))
    listing = Listing(url, token=token, timeout_seconds=timeout_seconds)
    stack.push_async_callback(listing.aclose)
    engine = OpaEngine(client, listing, bundle, url=url, stack=stack)
    try:
        await engine.load()
    except BaseException:
        await stack.aclose()
        raise
    return engine
