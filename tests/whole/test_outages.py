"""A part away, at every moment of a task: a sentence, nothing lost, nothing run, and on it goes when it is back."""

from __future__ import annotations

from collections import Counter

from bot.blocks.actions import APPROVE
from bot.local.stage import Said
from tests.whole.square import Square
from tests.whole.town import until

OPA_AWAY = "The policy engine (OPA) cannot be reached"
MODELS_AWAY = "No model answered"


async def test_models_and_policies_away_by_turns_before_the_work_at_the_decision_and_between_phases(
    square: Square,
) -> None:
    """And Redis all along, of which nobody notices anything."""
    before = await square.images("development", "worker")
    async with square.without("redis"):
        async with square.without("opa"):
            async with square.without("llm"):
                said = await square.say("ada", "ops", "@gavel fix drift in development worker servers, wait 6 seconds")
                told = await square.hears(said, MODELS_AWAY)
                assert "goes on by itself" in str(told["blocks"])
            await square.hears(said, OPA_AWAY)
            assert not _decidable(square, said)
        await _card(square, said)
        async with square.without("opa"), square.without("llm"):
            await _approve(square, said)
            await _told_again(square, said, OPA_AWAY, times=2)
            assert await square.images("development", "worker") == before
        await _first_phase_done(square, said)
        async with square.without("opa"):
            await _told_again(square, said, OPA_AWAY, times=3)
            assert _difference(before, await square.images("development", "worker")) == 1
        await _finished(square, said)
    assert _difference(before, await square.images("development", "worker")) == 2
    # Waiting is no repair: one round of investigation, one verdict, one plan, whatever was away meanwhile.
    assert [body["revision"] for body in await square.recorded(said, "plan_validated")] == [1]
    assert [body["allowed"] for body in await square.recorded(said, "plan_validated")] == [True]
    assert len(await square.recorded(said, "plan_proposed")) == 1


async def test_slack_away_during_the_work_at_the_decision_and_between_phases(square: Square) -> None:
    before = await square.images("staging", "db")
    beginning = _log(square)
    async with square.models("slow", seconds=3, count=1):
        said = await square.say("ada", "ops", "@gavel fix drift in staging db servers, wait 6 seconds")
        await square.delivered("app_mention", attempt=0)
        async with square.without("slack"):  # before it has said a word
            await _waits(square, beginning)
    await _connected(square)
    await _card(square, said)
    await _approve(square, said)  # acknowledged: so it counts, whatever comes now
    async with square.without("slack"):
        await _waits(square, _log(square))
        assert await square.images("staging", "db") == before
    await _first_phase_done(square, said)
    async with square.without("slack"):
        await _waits(square, _log(square))
        assert _difference(before, await square.images("staging", "db")) == 1
    await _finished(square, said)
    assert _difference(before, await square.images("staging", "db")) == 2
    await _connected(square)
    again = await square.say("ada", "ops", "@gavel hello, still there?")
    await square.hears(again, "One question")
    assert "Traceback" not in _log(square)[len(beginning) :]


async def _card(square: Square, said: Said) -> None:
    await square.hears(said, f"'{APPROVE}'", viewer="grace")


def _decidable(square: Square, said: Said) -> bool:
    return any(APPROVE in str(message["blocks"]) for message in square.written_to(said))


async def _approve(square: Square, said: Said) -> None:
    card = await square.hears(said, f"'{APPROVE}'", viewer="grace")
    answer = await square.act("click", user="grace", channel=said.channel, message_ts=card["ts"], action_id=APPROVE)
    assert answer["ok"], answer


async def _told_again(square: Square, said: Said, has: str, *, times: int) -> None:
    async def told() -> bool:
        return len({message["ts"] for message in square.written_to(said) if has in message["text"]}) >= times

    await until(told, seconds=60, what=f"{has!r}, {times} times")


async def _first_phase_done(square: Square, said: Said) -> None:
    """The pause after it has begun."""

    async def done() -> bool:
        return len(await square.recorded(said, "phase_finished")) == 1

    await until(done, seconds=60, what="The canary")


def _difference(before: dict[str, str | None], now: dict[str, str | None]) -> int:
    return sum(now[name] != version for name, version in before.items())


async def _finished(square: Square, said: Said) -> None:
    """Completed, each lasting thing said once."""
    assert (await square.result(said)).outcome == "completed"
    await square.hears(said, "Done.", viewer="grace")
    keys = Counter(
        message["metadata"]["event_payload"]["key"] for message in await square.thread(said) if message["metadata"]
    )
    assert {key for key, count in keys.items() if count > 1} == set()
    assert {"acknowledgement", "card:r1", "run:r1", "outcome"} <= set(keys)


def _log(square: Square) -> str:
    return square.served.log.read_text()


async def _waits(square: Square, before: str) -> None:
    """What is away is told in the log, where there is nowhere else to tell it."""

    async def told() -> bool:
        return "is away. The task waits for it: nothing is lost, nothing runs." in _log(square)[len(before) :]

    await until(told, seconds=60, what="A word in the log")


async def _connected(square: Square) -> None:
    async def connected() -> bool:
        return bool((await square.look("state"))["connections"])

    await until(connected, seconds=60, what="A socket of the bot")
