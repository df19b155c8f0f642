"""Records the histories anew: `make record`, or `python -m tests.replay.record [--only-new] [SCENE …]`.

Freely until the first tag. After it, what was recorded stays: tasks of that version are still out there, and a
worker must be able to take them up. `make record` then records only scenes that have no file yet. So it is with what
each shape knows (`tests/replay/shape.py`).
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from temporalio.client import Client

from bot.local.stack import open_stack
from bot.settings import Settings
from bot.workflows.client import data_converter
from bot.workflows.shape import SHAPE
from tests.replay.alert_scenes import ALERT_SCENES, AlertScene
from tests.replay.recording import HISTORIES, RECORDER, scrubbed
from tests.replay.scenes import SCENES, Scene
from tests.replay.shape import record as record_shape
from tests.unit.alerts.scripted import alerting
from tests.unit.workflows.conftest import KEY
from tests.unit.workflows.running import running

ONLY_NEW = "--only-new"


async def record(scene: Scene, temporal: Client) -> str:
    task = f"T1.COPS.{scene.name}"
    async with running(temporal, scene.script(), task=task, source=scene.source, **scene.limits) as played:
        await scene.play(played)
        result = await played.handle.result()
        assert result.outcome == scene.outcome, f"{scene.name} ended {result.outcome}: {result.detail}"
        return await scrubbed(await played.handle.fetch_history())


async def record_alerts(scene: AlertScene, temporal: Client) -> str:
    async with alerting(temporal, working=True, **scene.rules) as alerts:
        handle = await scene.play(alerts)
        await asyncio.wait_for(handle.result(), 60)
        return await scrubbed(await handle.fetch_history())


async def main(names: set[str], *, only_new: bool) -> None:
    if not names and await asyncio.to_thread(record_shape, only_new=only_new):
        print(f"shape {SHAPE}")
    kept = {path.stem for path in HISTORIES.glob("*.json")} if only_new else set[str]()
    with tempfile.TemporaryDirectory() as folder:
        async with open_stack(Settings.embedded(data_dir=Path(folder)), want=["temporal"]) as stack:
            temporal = await Client.connect(
                stack.temporal_address, data_converter=data_converter(KEY), identity=RECORDER
            )
            for scene in [*SCENES, *ALERT_SCENES]:
                if scene.name in kept or (names and scene.name not in names):
                    continue
                file = HISTORIES / f"{scene.name}.json"
                played = record(scene, temporal) if isinstance(scene, Scene) else record_alerts(scene, temporal)
                await asyncio.to_thread(file.write_text, await played)
                print(f"{scene.name}: {file.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    arguments = set(sys.argv[1:])
    asyncio.run(main(arguments - {ONLY_NEW}, only_new=ONLY_NEW in arguments))
