"""Whether an OPA server was written to since it was last asked: what saves reading all that it holds each time."""

from __future__ import annotations

import uuid

import aiohttp

from policies.engine import is_object
from policies.opa_client import OpaClient, is_client_error
from tools.contracts.common import JsonObject

_ATTEMPTS = 3

_HAD_IT = "counter_server_query_cache_hit"
"""OPA's REST API, "Performance Metrics": 1 when the server still had the query prepared from before."""


class Watch:
    """A query of our own, under a name drawn here, so that nobody else asks it.

    OPA keeps the queries that it has prepared, and drops all of them when anything is written or deleted, by whomever:
    what it prepared before would decide by the old policies. So the server that still has this query holds the policies
    that it held when this was last asked. A server that was restarted, or that had no room left, has it no more.
    """

    def __init__(self, client: OpaClient) -> None:
        self._client = client
        self._name = uuid.uuid4().hex
        self._proven = False

    async def prove(self) -> None:
        """See on this very server that a document nothing depends on, written and deleted, is noticed both times.

        A policy is noticed all the more: one trigger of OPA's store drops the queries for both, and those of an older
        policy would be wrong. To write one here would have the server compile all of them again, at every start of a
        process. Until it was seen, and where it cannot be, :meth:`untouched` says False.

        Raises nothing of the server's.
        """
        self._proven = False
        try:
            for _ in range(_ATTEMPTS):
                # Another's policy, written meanwhile, spoils the proof and not what it proves.
                if await self._notices():
                    self._proven = True
                    return
        except Exception as error:
            if not _is_the_servers(error):
                raise

    async def untouched(self) -> bool:
        """Whether policies and data are those that the server held when this was last asked. False: perhaps not.

        To be asked *before* what it holds is read: then a True later is about what was read.
        """
        if not self._proven:
            return False
        try:
            return await self._kept()
        except Exception as error:
            if not _is_the_servers(error):
                raise
            return False

    async def _notices(self) -> bool:
        document = f"gavel_watch/p{self._name}"
        await self._kept()
        seen = [await self._kept()]
        try:
            await self._client.update_or_create_data({"by": "gavel"}, document)
            seen += [await self._kept(), await self._kept()]
        finally:
            await self._client.delete_data(document)
        seen += [await self._kept(), await self._kept()]
        return seen == [True, False, True, False, True]

    async def _kept(self) -> bool:
        # A POST: were it sent twice unseen, as clients do with a GET, the second would find what the first one made.
        reply: object = await self._client.query_rule({}, f"gavel_watch.n{self._name}", "asked", {"metrics": "true"})
        metrics: object = reply.get("metrics") if is_object(reply) else None
        found: JsonObject = metrics if is_object(metrics) else {}
        return found.get(_HAD_IT) == 1


def _is_the_servers(error: Exception) -> bool:
    """Away, too slow, or not allowed: whoever reads the policies next is told of it."""
    return isinstance(error, (aiohttp.ClientError, TimeoutError, OSError, ValueError)) or is_client_error(error)
