"""The sample estate as a connector: the protocol that real systems implement, over the SQL file."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from bot.ledger.statements import Question
from bot.local.estate import tables
from bot.local.estate.change import ChangeRequest, FaultKind, JournalEntry, apply_change, journal_rows
from bot.local.estate.compliance import SampleControls
from bot.local.estate.costs import SampleCosts
from bot.local.estate.incidents import SampleIncidents
from bot.local.estate.pipeline import SamplePipeline
from bot.local.estate.recovery import SampleRecovery
from bot.local.estate.rows import ASSETS, asset_of, health_of, read_images
from bot.local.estate.security import SampleSecurity
from bot.local.estate.windows import common_window, windows_of
from tools.connectors.base import AssetQuery, EstateError
from tools.contracts.common import Environment
from tools.contracts.estate import Asset, AssetHealth, ChangeResult, Image
from tools.contracts.taskspec import TimeWindow

A_FEW = 20
"""Assets that are read while the event loop waits, some microseconds each."""


_HEALTH = Question(
    select(tables.asset_health, tables.assets.c.image_version, tables.assets.c.state)
    .join_from(
        tables.asset_health,
        tables.assets,
        (tables.assets.c.org_id == tables.asset_health.c.org_id)
        & (tables.assets.c.id == tables.asset_health.c.asset_id),
    )
    .where(
        tables.asset_health.c.org_id == bindparam("org"),
        tables.asset_health.c.asset_id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(tables.asset_health.c.asset_id)
)


class SampleEstate(SampleIncidents, SampleRecovery, SampleControls, SampleCosts, SampleSecurity, SamplePipeline):
    """Implements `tools.connectors.base.Estate` over a file that :func:`seed_estate` drew. Close it when done."""

    async def assets(
        self, org: str, query: AssetQuery, *, limit: int, cursor: str | None
    ) -> tuple[list[Asset], str | None]:
        """Assets in id order; the cursor is the last id of the page."""
        if limit < 1:
            raise EstateError(f"A page holds at least 1 asset; got {limit}.")

        given = _given(org, query, cursor)
        page_of = _page_of(frozenset(given))

        def read(connection: Connection) -> list[Asset]:
            return [Asset.model_validate(row) for row in page_of.rows(connection, {**given, "page": limit + 1})]

        few = 0 < len(query.ids) <= A_FEW
        found = await self._remembered(("assets", org, query.model_dump_json(), limit, cursor), read, few=few)
        more = len(found) > limit
        page = found[:limit]
        return page, page[-1].id if more else None

    async def images(self, org: str, *, family: str | None = None) -> list[Image]:
        return await self._remembered(
            ("images", org, family),
            lambda connection: read_images(connection, org, family=family),
            few=True,
        )

    async def maintenance_window(self, org: str, environment: Environment, sites: list[str]) -> TimeWindow | None:
        now = self._now()
        per_site = await self._remembered(
            ("windows", org, environment, *sites),
            lambda connection: windows_of(connection, org, environment, sites),
            few=0 < len(sites) <= A_FEW,
        )
        # A site with none left counts where it was named: then there is no common one.
        still_open = [[window for window in windows if window.end > now] for windows in per_site]
        return common_window([windows for windows in still_open if windows or sites], after=now)

    async def health(self, org: str, asset_ids: list[str]) -> list[AssetHealth]:
        given = {"org": org, "ids": asset_ids}
        return await self._remembered(
            ("health", org, *asset_ids),
            lambda connection: [health_of(row) for row in _HEALTH.rows(connection, given)],
            few=len(asset_ids) <= A_FEW,
        )

    async def apply_image(
        self,
        org: str,
        asset_ids: list[str],
        image_id: str,
        *,
        idempotency_key: str,
        kind: Literal["rollout", "rollback"],
    ) -> list[ChangeResult]:
        """One transaction: the rows and the journal change together, or nothing does."""
        request = ChangeRequest(
            org=org, asset_ids=tuple(asset_ids), image_id=image_id, key=idempotency_key, kind=kind, at=self._now()
        )
        return await self._in_thread(lambda connection: apply_change(connection, request), writes=True)

    async def set_fault(self, org: str, asset_id: str, fault: FaultKind | None) -> None:
        """Mark an asset so that its next rollouts go wrong, or (None) unmark it. Raises `EstateError` if unknown."""
        async with self._writing() as connection:
            known = await connection.execute(
                select(func.count())
                .select_from(tables.assets)
                .where(tables.assets.c.org_id == org, tables.assets.c.id == asset_id)
            )
            if not known.scalar_one():
                raise EstateError(f"The sample estate has no asset {asset_id!r} in org {org!r}. No fault was set.")
            await connection.execute(
                delete(tables.faults).where(tables.faults.c.org_id == org, tables.faults.c.asset_id == asset_id)
            )
            if fault is not None:
                await connection.execute(insert(tables.faults).values(org_id=org, asset_id=asset_id, kind=fault))

    async def set_state(self, org: str, asset_id: str, state: Literal["running", "stopped"]) -> None:
        """Start or stop an asset, as somebody outside Gavel would. Raises `EstateError` if unknown."""
        async with self._writing() as connection:
            changed = await connection.execute(
                tables.assets.update()
                .where(tables.assets.c.org_id == org, tables.assets.c.id == asset_id)
                .values(state=state, updated_at=self._now())
            )
            if changed.rowcount != 1:
                raise EstateError(f"The sample estate has no asset {asset_id!r} in org {org!r}. Nothing was changed.")

    async def snapshot(self, org: str) -> dict[str, Asset]:
        """Every asset of the org by id: equal before and after exactly when nothing changed."""
        async with self._reading() as connection:
            rows = await connection.execute(select(tables.assets).where(tables.assets.c.org_id == org))
            return {asset.id: asset for asset in map(asset_of, rows.mappings())}

    async def journal(self, org: str) -> list[JournalEntry]:
        """Every change that was asked for, oldest first."""
        async with self._reading() as connection:
            return await journal_rows(connection, org)


def _given(org: str, query: AssetQuery, cursor: str | None) -> dict[str, object]:
    """What a page of assets is asked by: only what narrows it."""
    wanted = query.model_dump(mode="json", exclude={"tags"}) | {"after": cursor}
    tags = {f"tag_{part}_{at}": value for at, tag in enumerate(query.tags) for part, value in tag.model_dump().items()}
    return {"org": org, **{name: value for name, value in wanted.items() if value not in (None, [])}, **tags}


@lru_cache(maxsize=64)
def _page_of(names: frozenset[str]) -> Question:
    """For :func:`_given` of these names, in id order."""
    column = tables.assets.c
    narrowing = {
        "org": column.org_id,
        "environment": column.environment,
        "image_family": column.image_family,
        "state": column.state,
    }
    among = {"platforms": column.platform, "regions": column.region, "sites": column.site, "ids": column.id}
    statement = ASSETS
    for name in sorted(names):
        if name in narrowing:
            statement = statement.where(narrowing[name] == bindparam(name))
        elif name in among:
            statement = statement.where(among[name].in_(bindparam(name, expanding=True)))
        elif name == "after":
            statement = statement.where(column.id > bindparam(name))
        elif name.startswith("tag_key_"):
            # json_each, not a JSON path: a tag key is a stranger's text and could hold a quote.
            pairs = func.json_each(column.tags).table_valued("key", "value")
            held = select(pairs.c.key).where(
                pairs.c.key == bindparam(name), pairs.c.value == bindparam(name.replace("key", "value", 1))
            )
            statement = statement.where(held.exists())
        elif not name.startswith("tag_value_"):
            raise EstateError(f"The sample estate cannot narrow its assets by {name}. None were read.")
    return Question(statement.order_by(column.id).limit(bindparam("page")))
