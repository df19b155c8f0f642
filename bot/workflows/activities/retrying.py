"""What an activity's errors mean: wait and try again, and say so in the thread; or stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from agents.orchestrator.chat import ModelError
from agents.specialists.base import InvestigationUnavailable
from bot.blocks import sentences
from bot.blocks.message import Message
from bot.roles import RolesUnavailable
from bot.thread import SlackRefused, SlackRetryable
from bot.workflows.messages import TaskRequest
from bot.workflows.workbench import Workbench
from policies.engine import PolicyUnavailable
from tools.connectors.base import EstateError
from tools.contracts.ledger import LedgerUnavailable

BEAT_SECONDS = 1.0
"""Heartbeats: a dead worker is noticed within a few of them."""


def is_retry() -> bool:
    """An earlier attempt may have had its effect: look before doing it again."""
    return activity.info().attempt > 1


def of_this_attempt(key: str) -> str:
    """The key of an entry that says what an attempt came to. Another attempt's, which may have come to something else,
    is an entry of its own: the last one is what the task went on with."""
    attempt = activity.info().attempt
    return key if attempt == 1 else f"{key}.{attempt}"


@asynccontextmanager
async def working(bench: Workbench, request: TaskRequest, thread_ts: str | None) -> AsyncGenerator[None]:
    """Around every step: a dead worker is noticed, and what is away is waited for and told."""
    async with _beating(), waiting_is_told(bench, request, thread_ts):
        yield


@asynccontextmanager
async def _beating() -> AsyncGenerator[None]:
    """Heartbeat in the background for as long as the work takes."""

    async def beat() -> None:
        while True:
            # First asleep: a step that is over by then costs no heartbeat.
            await asyncio.sleep(BEAT_SECONDS)
            activity.heartbeat()

    heart = asyncio.create_task(beat())
    try:
        yield
    finally:
        heart.cancel()
        with suppress(asyncio.CancelledError):
            await heart


@asynccontextmanager
async def waiting_is_told(bench: Workbench, request: TaskRequest, thread_ts: str | None) -> AsyncGenerator[None]:
    """Turns what is away into a retry, told in the thread once a step; what is final into an end."""
    try:
        yield
    except SlackRetryable as error:
        delay = timedelta(seconds=error.retry_after) if error.retry_after else None
        raise ApplicationError(str(error), type="SlackAway", next_retry_delay=delay) from error
    except SlackRefused as error:
        raise ApplicationError(str(error), type="SlackRefused", non_retryable=True) from error
    except LedgerUnavailable as error:
        await _tell(bench, request, thread_ts, sentences.ledger_away(task_id=request.task_id), key="ledger-away")
        raise ApplicationError(f"The ledger is away: {error}", type="LedgerAway") from error
    except (PolicyUnavailable, InvestigationUnavailable) as error:
        message = sentences.engine_away("The policy engine (OPA)", task_id=request.task_id)
        await _tell(bench, request, thread_ts, message, key="policy-away")
        raise ApplicationError(f"Not judged, so not done: {error}", type="PolicyAway") from error
    except ModelError as error:
        message = sentences.llm_away(str(error), task_id=request.task_id, will_retry=True)
        await _tell(bench, request, thread_ts, message, key="llm-away")
        raise ApplicationError(f"No model answered: {error}", type="ModelsAway") from error
    except RolesUnavailable as error:
        message = sentences.engine_away("The role directory", task_id=request.task_id)
        await _tell(bench, request, thread_ts, message, key="roles-away")
        raise ApplicationError(str(error), type="RolesAway") from error
    except EstateError as error:
        message = sentences.engine_away("The inventory", task_id=request.task_id)
        await _tell(bench, request, thread_ts, message, key="estate-away")
        raise ApplicationError(str(error), type="EstateAway") from error


async def _tell(bench: Workbench, request: TaskRequest, thread_ts: str | None, message: Message, *, key: str) -> None:
    """Once a step, not once an attempt. If Slack is away too, the retry itself is all there is."""
    step = f"{key}:{activity.info().activity_id}"
    thread = bench.thread(request, thread_ts)
    with suppress(SlackRetryable, SlackRefused):
        await bench.writer.post_once(thread, message, key=step, task_id=request.task_id, check_first=is_retry())
