"""The stack on its real servers: what is configured is used, what is not is embedded and answers."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args

import psutil
import pytest
from pydantic import SecretStr
from temporalio.client import Client

from bot.doctor import Finding, examine, healthy
from bot.local import servers
from bot.local.errors import StackError
from bot.local.estate import SampleEstate
from bot.local.parts import PartName
from bot.local.stack import RunningStack, attach_stack, open_or_attach, open_stack
from bot.probes import NoAnswer, ask_opa, ask_redis, ask_slack, ask_temporal
from bot.redis_client import open_redis
from bot.settings import DatabaseSettings, OpaSettings, RedisSettings, Settings, SettingsError, TemporalSettings
from bot.workflows.client import connect
from tools.connectors.base import AssetQuery


async def test_every_part_is_embedded_when_none_is_configured(settings: Settings) -> None:
    async with open_stack(settings) as stack:
        assert [part.name for part in stack.parts] == list(get_args(PartName))
        assert all(part.embedded for part in stack.parts)
        await everything_answers(stack)
        await only_on_loopback(stack)
        await a_second_stack_is_refused(settings)
        await a_worker_may_attach(settings, stack)
        await the_doctor_finds_all_well(settings)
        await an_outage_is_found(settings, stack)
        private_to_the_user(settings.data_dir)
        children = [psutil.Process(pid) for pid in stack.processes.pids.values()]
    assert len(children) >= 4
    assert not any(child.is_running() for child in children)
    with pytest.raises(StackError, match="No gavel runs in"):
        await attach_stack(settings)


async def everything_answers(stack: RunningStack) -> None:
    identity = await ask_slack(stack.settings.slack)
    assert identity.team_id == stack.org
    assert (await ask_temporal(stack.settings.temporal, stack.temporal_address)).startswith("Temporal 1.")
    assert (await ask_redis(stack.redis_url)).startswith("Redis ")
    if stack.settings.opa.url is not None:
        assert await ask_opa(stack.settings.opa.url) == "healthy"
    assert len(stack.members) == 3
    assert all(member.simulated for member in stack.members)
    estate = SampleEstate(stack.estate)
    assets, _ = await estate.assets(stack.org, AssetQuery(), limit=5, cursor=None)
    await estate.close()
    assert len(assets) == 5


async def only_on_loopback(stack: RunningStack) -> None:
    for name, pid in stack.processes.pids.items():
        for connection in psutil.Process(pid).net_connections(kind="inet"):
            if connection.status == psutil.CONN_LISTEN:
                assert connection.laddr.ip in {"127.0.0.1", "::1"}, name


async def a_second_stack_is_refused(settings: Settings) -> None:
    with pytest.raises(StackError, match="Another gavel"):
        async with open_stack(settings):
            pytest.fail("two stacks in one directory")


async def a_worker_may_attach(settings: Settings, stack: RunningStack) -> None:
    async with open_or_attach(settings) as attached:
        assert attached.settings == stack.settings
        assert attached.org == stack.org
        assert attached.members == stack.members
        assert attached.keys.derive("decision") == stack.keys.derive("decision")
        assert attached.processes.pids == {}


async def the_doctor_finds_all_well(settings: Settings) -> None:
    found = await examine(settings)
    assert healthy(found), found
    assert {finding.component for finding in found if finding.state == "ok"} >= {
        "slack",
        "slack events",
        "temporal",
        "redis",
        "models",
        "sql",
    }


async def an_outage_is_found(settings: Settings, stack: RunningStack) -> None:
    await stack.processes.halt("redis")
    found = await examine(settings)
    assert not healthy(found)
    (redis,) = [finding for finding in found if finding.component == "redis"]
    assert redis == Finding(
        "redis",
        "failed",
        f"{stack.redis_url} (embedded, of process {psutil.Process().pid})",
        "its socket is not there",
        f"see {settings.data_dir}/logs/redis.log",
    )
    await stack.processes.resume("redis")
    assert healthy(await examine(settings))


def private_to_the_user(root: Path) -> None:
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE((root / "redis.sock").stat().st_mode) == 0o600
    assert stat.S_IMODE((root / "slack" / "credentials.json").stat().st_mode) == 0o600


async def test_addresses_and_workflows_survive_a_restart(settings: Settings) -> None:
    wanted: list[PartName] = ["slack", "temporal"]
    async with open_stack(settings, want=wanted) as stack:
        first = stack.settings
        client = await connected(stack)
        await client.start_workflow("Kept", id="kept", task_queue="nobody")
    async with open_stack(settings, want=wanted) as stack:
        assert stack.settings == first
        client = await connected(stack)
        described = await client.get_workflow_handle("kept").describe()
        assert described.status is not None
        assert described.status.name == "RUNNING"


async def connected(stack: RunningStack) -> Client:
    return await connect(stack.settings.temporal, address=stack.temporal_address, codec_key=stack.keys.derive("codec"))


@asynccontextmanager
async def some_redis(directory: Path) -> AsyncGenerator[str]:
    own = Settings(data_dir=directory)
    async with open_stack(own, want=["redis"]) as stack:
        yield stack.redis_url


async def test_what_is_configured_is_left_alone(settings: Settings, tmp_path: Path) -> None:
    async with some_redis(tmp_path / "elsewhere") as url:
        configured = settings.model_copy(update={"redis": RedisSettings.model_construct(url=SecretStr(url))})
        async with open_stack(configured, want=["redis", "sql"]) as stack:
            assert not stack.part("redis").embedded
            assert stack.redis_url == url
            assert stack.part("sql").embedded
            assert stack.processes.pids == {}
        assert await ask_redis(url)


async def test_a_part_that_was_not_wanted_is_not_there(settings: Settings) -> None:
    async with open_stack(settings, want=["redis"]) as stack:
        assert list(stack.processes.pids) == ["redis"]
        with pytest.raises(StackError, match="opened without Temporal"):
            _ = stack.temporal_address


async def test_one_part_that_fails_ends_the_others(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings.data_dir / "temporal.db").mkdir(parents=True)
    before = psutil.Process().children(recursive=True)
    with pytest.raises(StackError, match=r"embedded temporal (.|\n)*temporal.log"):
        async with open_stack(settings, want=["redis", "temporal", "llm"]):
            pytest.fail("opened")
    assert [child for child in psutil.Process().children(recursive=True) if child not in before] == []


async def test_a_missing_program_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(StackError, match=r"no temporal on PATH .* configure a server of your own"):
        async with open_stack(settings, want=["temporal"]):
            pytest.fail("opened")


async def test_a_long_directory_name_does_not_keep_redis_from_starting_and_leaves_nothing(tmp_path: Path) -> None:
    long = Settings(data_dir=tmp_path / ("d" * 90) / "data")
    async with open_stack(long, want=["redis"]) as stack:
        client = open_redis(stack.redis_url)
        await client.execute_command("SET", "key", "value")
        assert await client.execute_command("GET", "key") == "value"
        await client.aclose()
        elsewhere = Path(stack.redis_url.removeprefix("unix://")).parent
        assert elsewhere.is_dir()
    assert not elsewhere.exists()


async def test_without_an_opa_program_policies_are_judged_in_process(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "find_opa", lambda: None)
    async with open_stack(settings, want=["opa"]) as stack:
        assert stack.settings.opa.url is None
        assert "regorus" in stack.part("opa").detail


async def test_no_secret_key_is_invented_beside_a_real_temporal(settings: Settings) -> None:
    shared = settings.model_copy(update={"temporal": TemporalSettings.model_construct(address="127.0.0.1:1")})
    with pytest.raises(SettingsError, match="GAVEL_SECRET_KEY is not set"):
        async with open_stack(shared):
            pytest.fail("opened")


async def test_the_tenant_is_asked_of_a_configured_slack(settings: Settings, tmp_path: Path) -> None:
    async with open_stack(Settings(data_dir=tmp_path / "workspace"), want=["slack"]) as workspace:
        own = settings.model_copy(update={"slack": workspace.settings.slack})
        async with open_stack(own, want=["slack", "sql"]) as stack:
            assert stack.org == workspace.org
            assert not stack.part("slack").embedded
        wrong = own.slack.model_copy(update={"bot_token": SecretStr("xoxb-wrong")})
        with pytest.raises(StackError, match=r"auth.test: invalid_auth.*Nothing was started"):
            async with open_stack(own.model_copy(update={"slack": wrong}), want=["slack"]):
                pytest.fail("opened")


async def test_the_doctor_needs_nothing_to_run(settings: Settings) -> None:
    found = await examine(settings)
    assert healthy(found)
    assert {finding.component for finding in found if finding.state == "not running"} >= {"slack", "temporal", "redis"}
    assert not settings.data_dir.exists()


async def test_the_doctor_finds_what_is_configured_and_away(settings: Settings) -> None:
    away = settings.model_copy(
        update={
            "secret_key": SecretStr("ab" * 32),
            "temporal": TemporalSettings.model_construct(address="127.0.0.1:9", tls=False),
            "opa": OpaSettings.model_construct(url="http://127.0.0.1:9"),
            "redis": RedisSettings.model_construct(url=SecretStr("redis://:hunter2@127.0.0.1:9/0")),
            "database": DatabaseSettings.model_construct(
                url=SecretStr("postgresql+asyncpg://gavel:hunter2@127.0.0.1:9/gavel")
            ),
        }
    )
    found = await examine(away)
    assert not healthy(found)
    failed = {finding.component: finding for finding in found if finding.state == "failed"}
    assert set(failed) == {"temporal", "opa", "redis", "sql"}
    assert all("nothing listens there" in finding.answered for finding in failed.values()), failed
    assert all(finding.advice for finding in failed.values())
    assert "hunter2" not in repr(found)


async def test_an_answer_of_the_wrong_kind_is_no_answer(settings: Settings) -> None:
    async def shout(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shout, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    async with server:
        with pytest.raises(NoAnswer):
            await ask_opa(f"http://127.0.0.1:{port}")
        with pytest.raises(NoAnswer):
            await ask_redis(f"redis://127.0.0.1:{port}")
