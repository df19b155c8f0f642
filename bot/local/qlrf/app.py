"""The paths of QL-RF's API that the connector uses, behind a bearer token that stands for one org."""

from __future__ import annotations

import asyncio
import hmac
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.engine import RowMapping

from bot.local.estate import SampleEstate, tables
from bot.local.qlrf.shapes import alert_json, asset_json, env_id, image_json, pair_json, site_json
from tools.connectors.base import AssetQuery, EstateError
from tools.connectors.incident import AlertQuery
from tools.connectors.recovery import PairQuery
from tools.contracts.common import JsonObject
from tools.contracts.estate import Asset, ImageStatus

MAX_PAGE_SIZE = 200
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Fault:
    """What a path answers instead of the truth."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    delay_seconds: float = 0.0


class ServedEstate(SampleEstate):
    """The sample estate, and its sites, which no tool needs as rows."""

    async def sites(self, org: str) -> list[RowMapping]:
        statement = select(tables.sites).where(tables.sites.c.org_id == org).order_by(tables.sites.c.id)
        async with self._reading() as connection:
            return list((await connection.execute(statement)).mappings())


@dataclass
class QlrfServer:
    """QL-RF over a sample estate. `tokens`: bearer token → the org it belongs to."""

    estate: ServedEstate
    tokens: Mapping[str, str]
    faults: dict[str, Fault] = field(default_factory=dict[str, Fault])
    """Path below `/api/v1`, or `*` → what it answers."""
    asked: list[str] = field(default_factory=list[str])
    """Method, path and query of every request, for tests."""

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/api/v1/assets", self._assets)
        app.router.add_get("/api/v1/assets/{id}", self._asset)
        app.router.add_get("/api/v1/images", self._images)
        app.router.add_post("/api/v1/images/{id}/promote", self._promote)
        app.router.add_get("/api/v1/sites", self._sites)
        app.router.add_get("/api/v1/alerts", self._alerts)
        app.router.add_post("/api/v1/alerts/{id}/acknowledge", self._acknowledge)
        app.router.add_get("/api/v1/resilience/dr-pairs", self._pairs)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        fault = self.faults.get(request.path.removeprefix("/api/v1")) or self.faults.get("*")
        if fault is not None:
            await asyncio.sleep(fault.delay_seconds)
            return web.Response(status=fault.status, body=fault.body, headers=dict(fault.headers))
        if self._org(request) is None:
            return web.json_response({"error": "unauthorized"}, status=401)
        try:
            return await handler(request)
        except EstateError as error:
            return web.json_response({"error": str(error)}, status=409)

    def _org(self, request: web.Request) -> str | None:
        given = request.headers.get("Authorization", "")
        for token, org in self.tokens.items():
            if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
                return org
        return None

    def _owner(self, request: web.Request) -> str:
        org = self._org(request)
        if org is None:
            raise web.HTTPUnauthorized
        return org

    async def _assets(self, request: web.Request) -> web.Response:
        query = request.query
        found = await self._every_asset(self._owner(request), AssetQuery(state=query.get("state")))
        rows = [
            asset_json(asset)
            for asset in found
            if query.get("platform", asset.platform) == asset.platform
            and query.get("env_id", env_id(asset.environment)) == env_id(asset.environment)
        ]
        # Not in id order: QL-RF's own order is that of discovery.
        rows.sort(key=lambda row: str(row["instance_id"]))
        return _page(request, "assets", rows, total="total", size="page_size")

    async def _asset(self, request: web.Request) -> web.Response:
        query = AssetQuery(ids=[request.match_info["id"]])
        found = await self._every_asset(self._owner(request), query)
        return web.json_response(asset_json(found[0])) if found else _missing()

    async def _every_asset(self, org: str, query: AssetQuery) -> list[Asset]:
        found: list[Asset] = []
        cursor: str | None = None
        while True:
            page, cursor = await self.estate.assets(org, query, limit=500, cursor=cursor)
            found.extend(page)
            if cursor is None:
                return found

    async def _images(self, request: web.Request) -> web.Response:
        images = await self.estate.images(self._owner(request))
        rows = [image_json(image) for image in sorted(images, key=lambda image: image.id)]
        return _page(request, "images", rows, total="total", size="page_size")

    async def _promote(self, request: web.Request) -> web.Response:
        org, image_id = self._owner(request), request.match_info["id"]
        stage = (await request.json()).get("status")
        stages: dict[str, ImageStatus] = {name: name for name in ("dev", "staging", "production", "deprecated")}
        if stage not in stages:
            return web.json_response({"error": "unknown status"}, status=400)
        if all(image.id != image_id for image in await self.estate.images(org)):
            return _missing()
        await self.estate.promote_image(org, image_id, stages[stage], idempotency_key=uuid.uuid4().hex)
        return web.Response(status=204)

    async def _sites(self, request: web.Request) -> web.Response:
        return web.json_response([site_json(row) for row in await self.estate.sites(self._owner(request))])

    async def _alerts(self, request: web.Request) -> web.Response:
        rows: list[JsonObject] = []
        cursor: str | None = None
        while True:
            page, cursor = await self.estate.alerts(self._owner(request), AlertQuery(), limit=200, cursor=cursor)
            rows.extend(alert_json(alert) for alert in page)
            if cursor is None:
                break
        for name in ("severity", "status"):
            rows = [row for row in rows if request.query.get(name, row[name]) == row[name]]
        return _page(request, "alerts", rows, total="totalCount", size="pageSize")

    async def _acknowledge(self, request: web.Request) -> web.Response:
        org, alert_id = self._owner(request), request.match_info["id"]
        found, _ = await self.estate.alerts(org, AlertQuery(ids=[alert_id]), limit=1, cursor=None)
        if not found:
            return _missing()
        by = str((await request.json()).get("acknowledgedBy", "token"))
        alert = await self.estate.acknowledge_alert(org, alert_id, by=by, idempotency_key=uuid.uuid4().hex)
        return web.json_response(alert_json(alert))

    async def _pairs(self, request: web.Request) -> web.Response:
        pairs, _ = await self.estate.dr_pairs(self._owner(request), PairQuery(), limit=200, cursor=None)
        return web.json_response({"data": [pair_json(pair) for pair in pairs]})


def _page(request: web.Request, name: str, rows: list[JsonObject], *, total: str, size: str) -> web.Response:
    page = max(1, int(request.query.get("page", "1")))
    page_size = min(MAX_PAGE_SIZE, max(1, int(request.query.get("page_size", "50"))))
    shown = rows[(page - 1) * page_size : page * page_size]
    return web.json_response({name: shown, total: len(rows), "page": page, size: page_size})


def _missing() -> web.Response:
    return web.json_response({"error": "not found"}, status=404)
