"""Servers that know one advisory each, as recorded, and answer as api.osv.dev and the npm registry do."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.test_utils import TestServer

from tools.contracts.common import JsonObject

# PYSEC-2019-217 of the Python Packaging Advisory Database, its long lists cut.
JINJA: JsonObject = {
    "id": "PYSEC-2019-217",
    "details": "In Pallets Jinja before 2.10.1, str.format_map allows a sandbox escape.",
    "aliases": ["CVE-2019-10906"],
    "modified": "2021-11-22T04:57:52.862665Z",
    "published": "2019-04-07T00:29:00Z",
    "affected": [
        {
            "package": {"name": "jinja2", "ecosystem": "PyPI", "purl": "pkg:pypi:jinja2"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.10.1"}]}],
            "versions": ["2.9.6", "2.10"],
        }
    ],
}

# GHSA-35jh-r3h4-6jhm, as the registry tells it.
LODASH: JsonObject = {
    "id": 1106913,
    "url": "https://github.com/advisories/GHSA-35jh-r3h4-6jhm",
    "title": "Command Injection in lodash",
    "severity": "high",
    "vulnerable_versions": "<4.17.21",
    "cwe": ["CWE-77", "CWE-94"],
    "cvss": {"score": 7.2, "vectorString": "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H"},
}


@asynccontextmanager
async def osv(*, knows: bool = True) -> AsyncGenerator[str]:
    """The URL of its query. `knows`: False: it answers, and has no advisory."""

    async def query(request: web.Request) -> web.Response:
        asked = json.loads(await request.text())
        known = knows and asked == {"package": {"name": "jinja2", "ecosystem": "PyPI"}, "version": "2.10"}
        return web.json_response({"vulns": [JINJA]} if known else {})

    app = web.Application()
    app.router.add_post("/v1/query", query)
    async with TestServer(app) as server:
        yield str(server.make_url("/v1/query"))


@asynccontextmanager
async def npm_registry(
    package: str = "lodash", version: str = "4.17.20", *, audits: bool = True
) -> AsyncGenerator[str]:
    """What it knows of is this version of this package. `audits`: False: it tells nobody, as many a mirror."""

    async def bulk(request: web.Request) -> web.Response:
        if not audits:
            return web.Response(status=405)
        asked = json.loads(await request.text())
        return web.json_response({package: [LODASH]} if version in asked.get(package, []) else {})

    async def packument(_request: web.Request) -> web.Response:
        versions = {known: {"name": package, "version": known} for known in (version, "999.0.0")}
        return web.json_response({"name": package, "dist-tags": {"latest": "999.0.0"}, "versions": versions})

    app = web.Application()
    app.router.add_post("/-/npm/v1/security/advisories/bulk", bulk)
    app.router.add_get("/{package:.+}", packument)
    async with TestServer(app) as server:
        yield str(server.make_url("/"))
