"""A worker of today takes up every task that the recorded version began: the gate for changes of the workflow."""

from __future__ import annotations

import getpass
import re
import socket
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from bot.workflows.alerts.life import AlertWorkflow
from bot.workflows.client import data_converter
from bot.workflows.messages import TaskResult
from bot.workflows.task import TaskWorkflow
from tests.replay.alert_scenes import ALERT_SCENES, AlertScene
from tests.replay.changed import HastyAlert, HastyDesk, OnePauseMore, OneStepMore, Unchecked
from tests.replay.recording import HISTORIES, RECORDER, history_of, plain_text
from tests.replay.scenes import SCENES, Scene
from tests.strict import STRICT, STRICTEST
from tests.unit.workflows.conftest import KEY

CONVERTER = data_converter(KEY)
MAX_BYTES = 128 * 1024


def file_of(scene: Scene | AlertScene) -> Path:
    return HISTORIES / f"{scene.name}.json"


async def recorded(scene: Scene | AlertScene) -> WorkflowHistory:
    return await history_of(scene.name, file_of(scene).read_text())


def each_scene(scene: Scene | AlertScene) -> str:
    return scene.name


def test_every_scene_has_its_history_and_every_history_its_scene() -> None:
    assert {path.name for path in HISTORIES.iterdir()} == {file_of(scene).name for scene in [*SCENES, *ALERT_SCENES]}


@pytest.mark.parametrize("scene", SCENES, ids=each_scene)
async def test_a_recorded_task_goes_the_same_way_again(scene: Scene) -> None:
    history = await recorded(scene)
    replayed = await Replayer(
        workflows=[TaskWorkflow], data_converter=CONVERTER, workflow_runner=STRICTEST
    ).replay_workflow(history)
    assert replayed.replay_failure is None
    end = history.events[-1]
    assert end.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
    payloads = end.workflow_execution_completed_event_attributes.result.payloads
    result: TaskResult = (await CONVERTER.decode(payloads, [TaskResult]))[0]
    assert result.outcome == scene.outcome


@pytest.mark.parametrize("changed", [OneStepMore, OnePauseMore, Unchecked])
async def test_a_change_that_would_wedge_running_tasks_is_refused(changed: type[TaskWorkflow]) -> None:
    replayer = Replayer(workflows=[changed], data_converter=CONVERTER, workflow_runner=STRICT)
    for scene in SCENES:
        with pytest.raises(NondeterminismError):
            await replayer.replay_workflow(await recorded(scene))


@pytest.mark.parametrize("scene", ALERT_SCENES, ids=each_scene)
async def test_a_recorded_alert_and_its_desk_go_the_same_way_again(scene: AlertScene) -> None:
    history = await recorded(scene)
    replayer = Replayer(workflows=[scene.workflow], data_converter=CONVERTER, workflow_runner=STRICTEST)
    assert (await replayer.replay_workflow(history)).replay_failure is None
    assert history.events[-1].event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED


@pytest.mark.parametrize("scene", ALERT_SCENES, ids=each_scene)
async def test_a_change_that_would_wedge_alerts_and_desks_is_refused(scene: AlertScene) -> None:
    changed = HastyAlert if scene.workflow is AlertWorkflow else HastyDesk
    replayer = Replayer(workflows=[changed], data_converter=CONVERTER, workflow_runner=STRICT)
    with pytest.raises(NondeterminismError):
        await replayer.replay_workflow(await recorded(scene))


@pytest.mark.parametrize("scene", [*SCENES, *ALERT_SCENES], ids=each_scene)
def test_a_history_is_small_and_names_no_machine(scene: Scene | AlertScene) -> None:
    file = file_of(scene)
    assert file.stat().st_size < MAX_BYTES
    text = plain_text(file.read_text())
    assert set(re.findall(r'"identity":"([^"]*)"', text)) == {RECORDER}
    assert not re.search(r"/(?:home|root|tmp|usr|work|Users|var)/|site-packages|\.py\b", text)
    for name in {socket.gethostname(), getpass.getuser()} - {"root", "localhost", "runner"}:
        assert name not in text
