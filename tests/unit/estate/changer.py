"""`python changer.py ESTATE KEY IMAGE ASSET…`: one rollout from a process of its own; prints the answer."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.local.estate import SampleEstate


async def main(path: str, key: str, image_id: str, asset_ids: list[str]) -> None:
    estate = SampleEstate(Path(path))
    for result in await estate.apply_image("TACME", asset_ids, image_id, idempotency_key=key, kind="rollout"):
        print(result.asset_id, result.ok, result.image_version, result.message)
    await estate.close()


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]))
