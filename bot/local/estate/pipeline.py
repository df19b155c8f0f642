"""The sample estate's image pipeline, as the protocols of `tools.connectors.image`."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.local.estate import tables
from bot.local.estate.build import Build, draft_of, image_id_of
from bot.local.estate.connection import EstateFile
from bot.local.estate.image_tables import base_images, image_calls, image_checks, image_standards
from tools.connectors.base import EstateError
from tools.contracts.common import JsonObject, digest_of
from tools.contracts.estate import ImageStatus
from tools.contracts.pipeline import BaseImage, ImageChange, ImageCheck, ImageContract, ImageStandard

NEXT: dict[str, ImageStatus] = {
    "draft": "dev",
    "dev": "staging",
    "staging": "production",
    "production": "deprecated",
}
"""Status → the stage that follows it. Nothing follows `deprecated`."""


class SamplePipeline(EstateFile):
    """Implements `ImageStandardSource`, `ImageBuilder` and `ImagePromoter`."""

    async def base_images(self, org: str) -> list[BaseImage]:
        statement = select(base_images).where(base_images.c.org_id == org).order_by(base_images.c.image_id)
        async with self._reading() as connection:
            rows = (await connection.execute(statement)).mappings()
            return [BaseImage.model_validate(dict(row)) for row in rows]

    async def image_standard(self, org: str) -> ImageStandard | None:
        statement = select(image_standards).where(image_standards.c.org_id == org)
        async with self._reading() as connection:
            row = (await connection.execute(statement)).mappings().one_or_none()
            return None if row is None else ImageStandard.model_validate(dict(row))

    async def image_checks(self, org: str, image_id: str) -> list[ImageCheck]:
        row = image_checks.c
        statement = select(image_checks).where(row.org_id == org, row.image_id == image_id).order_by(row.name)
        async with self._reading() as connection:
            return [
                ImageCheck.model_validate(dict(found)) for found in (await connection.execute(statement)).mappings()
            ]

    def image_id_of(self, contract: ImageContract) -> str:
        return image_id_of(contract)

    async def build_image(self, org: str, contract: ImageContract, *, idempotency_key: str) -> ImageChange:
        asked = digest_of({"build": contract.model_dump(mode="json")})
        async with self._writing() as connection:
            if earlier := await _earlier(connection, org, idempotency_key, asked):
                return earlier
            at = self._now()
            draft = await draft_of(connection, org, contract, at=at)
            await _insert_draft(connection, org, draft)
            change = ImageChange(org_id=org, image_id=draft.image_id, from_status=None, to_status="draft", at=at)
            await _remember(connection, change, key=idempotency_key, digest=asked)
            return change

    async def promote_image(
        self, org: str, image_id: str, to_status: ImageStatus, *, idempotency_key: str
    ) -> ImageChange:
        asked = digest_of({"promote": image_id, "to": to_status})
        async with self._writing() as connection:
            if earlier := await _earlier(connection, org, idempotency_key, asked):
                return earlier
            image = tables.images.c
            found = await connection.execute(select(tables.images).where(image.org_id == org, image.id == image_id))
            row = found.mappings().one_or_none()
            if row is None:
                raise EstateError(f"The sample estate has no image {image_id!r}. Nothing was changed.")
            following = NEXT.get(row["status"], "nothing")
            if to_status != following:
                raise EstateError(
                    f"{image_id} is {row['status']}, which {following} follows; not {to_status}. Nothing was changed."
                )
            if to_status == "production" and not row["signed"]:
                raise EstateError(f"{image_id} is not signed, so it cannot go to production. Nothing was changed.")
            await connection.execute(
                update(tables.images).where(image.org_id == org, image.id == image_id).values(status=to_status)
            )
            change = ImageChange(
                org_id=org, image_id=image_id, from_status=row["status"], to_status=to_status, at=self._now()
            )
            await _remember(connection, change, key=idempotency_key, digest=asked)
            return change


async def _earlier(connection: AsyncConnection, org: str, key: str, digest: str) -> ImageChange | None:
    if not key:
        raise EstateError("A change needs an idempotency key. Nothing was changed.")
    call = image_calls.c
    found = await connection.execute(select(image_calls).where(call.org_id == org, call.idempotency_key == key))
    row = found.mappings().one_or_none()
    if row is None:
        return None
    if row["request_digest"] != digest:
        raise EstateError(f"The key {key!r} was used for another change. Nothing was changed.")
    return ImageChange.model_validate({name: row[name] for name in ImageChange.model_fields})


async def _remember(connection: AsyncConnection, change: ImageChange, *, key: str, digest: str) -> None:
    row: JsonObject = {name: getattr(change, name) for name in ImageChange.model_fields}
    await connection.execute(insert(image_calls).values(idempotency_key=key, request_digest=digest, **row))


async def _insert_draft(connection: AsyncConnection, org: str, draft: Build) -> None:
    await connection.execute(insert(tables.images).values(org_id=org, **draft.image))
    for table, rows in (
        (tables.image_packages, draft.packages),
        (tables.image_coordinates, draft.coordinates),
        (image_checks, draft.checks),
    ):
        if rows:
            await connection.execute(insert(table), [{"org_id": org, **row} for row in rows])
