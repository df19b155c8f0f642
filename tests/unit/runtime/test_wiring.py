"""What is set in the configuration reaches the part that it is about."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from agents.orchestrator.cache import CachedClient
from agents.orchestrator.chat import Member
from agents.orchestrator.escalation import EscalationRules
from agents.orchestrator.modes import ModeDefaults
from agents.orchestrator.stamping import StampingClient
from bot.app import Identity, build_client
from bot.keys import load_keys
from bot.keystore.sealing import Place
from bot.keystore.service import open_key_service
from bot.keystore.store import owner_of
from bot.local.estate.estate import SampleEstate
from bot.local.rehearsal.members import rehearsal_members
from bot.runtime import open_workbench
from bot.settings import Settings, SettingsError
from bot.workflows.workbench import Workbench
from tests.unit.orchestrator.parts import request
from tests.unit.orchestrator.provider import KEY, says, serve_provider

NOWHERE = "http://127.0.0.1:9/"


@asynccontextmanager
async def workbench(
    data_dir: Path, *, members: Sequence[Member] = (), **sections: Mapping[str, object]
) -> AsyncGenerator[Workbench]:
    settings = Settings.embedded(data_dir=data_dir)
    given: Mapping[str, Mapping[str, object]] = {"slack": {"bot_token": SecretStr("xoxb-1")}, **sections}
    for name, changes in given.items():
        section: BaseModel = getattr(settings, name)
        settings = settings.model_copy(update={name: section.model_copy(update=dict(changes))})
    estate = SampleEstate(data_dir / "estate.db")
    try:
        async with open_workbench(
            settings,
            keys=load_keys(settings),
            client=build_client(api_url=NOWHERE, bot_token="xoxb-1"),
            identity=Identity(team="T1", user="UBOT", bot="BBOT"),
            members=members or rehearsal_members(NOWHERE),
            estate=estate,
            samples=[],
        ) as bench:
            yield bench
    finally:
        await estate.close()


async def test_the_council_follows_its_section(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        council = bench.orchestrator.council
        assert (council.threshold, council.min_providers, bench.include_dissent) == (0.7, 3, True)
    changed = {"consensus_threshold": 0.8, "min_providers": 2, "include_dissent": False}
    async with workbench(tmp_path, council=changed) as bench:
        council = bench.orchestrator.council
        assert (council.threshold, council.min_providers, bench.include_dissent) == (0.8, 2, False)


async def test_the_models_follow_their_section(tmp_path: Path) -> None:
    async with workbench(tmp_path) as bench:
        assert (bench.meta_prompt.modes, bench.orchestrator.primary) == (ModeDefaults("auto"), None)
        assert bench.escalation.rules == EscalationRules()
    async with workbench(tmp_path, llm={"mode": "aggregation", "primary": "cedar"}) as bench:
        assert (bench.meta_prompt.modes.default, bench.orchestrator.primary) == ("aggregation", "Cedar")
    agents = {"agents": {"cost": "single"}, "risks": {"critical": "council"}, "orgs": {"T1": "aggregation"}}
    async with workbench(tmp_path, modes=agents, escalation={"max_assets": 3, "environments": []}) as bench:
        assert bench.meta_prompt.modes == ModeDefaults(
            agents={"cost": "single"}, risks={"critical": "council"}, orgs={"T1": "aggregation"}
        )
        assert bench.escalation.rules == EscalationRules(environments=frozenset(), max_assets=3)
    with pytest.raises(SettingsError, match="LLM_PRIMARY"):
        async with workbench(tmp_path, llm={"primary": "claude"}):
            pytest.fail("opened")


async def test_a_persons_saved_key_pays_for_their_calls(tmp_path: Path) -> None:
    typed = "zq-7f3e9a1c5b2d8e4f6a0b"
    async with serve_provider() as provider:
        provider.play("alpha", says("ok"))
        settings = Settings.embedded(data_dir=tmp_path)
        keys = load_keys(settings)
        async with workbench(tmp_path, members=[provider.member("alpha")]) as bench:
            async with open_key_service(settings, keys, bench.members) as service:
                await service.store.put(Place("T1", owner_of("U1"), "compatible"), SecretStr(typed), by="U1")
            for user in ("U1", "U2"):
                asked = replace(request(key=user), user=user, prompt_id="meta_prompt")
                await bench.meta_prompt.client.chat(bench.members[0], asked)
        assert [call.authorization for call in provider.calls] == [f"Bearer {typed}", f"Bearer {KEY}"]


async def test_answers_are_kept_where_there_is_redis_and_unless_it_is_switched_off(tmp_path: Path) -> None:
    async def kept(*, redis: Mapping[str, object], cache: Mapping[str, object]) -> bool:
        async with workbench(tmp_path, redis=redis, cache=cache) as bench:
            client = bench.follow_ups.client
            assert isinstance(client, StampingClient)
            return isinstance(client.inner, CachedClient)

    there = {"url": SecretStr("redis://127.0.0.1:9")}
    assert await kept(redis=there, cache={})
    assert not await kept(redis=there, cache={"ttl_seconds": 0})
    assert not await kept(redis={}, cache={})
