"""What an activity's errors mean: wait and try again, and say so in the thread; or stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import ModelError
from agents.specialists.base import InvestigationUnavailable
from bot.blocks import sentences
from bot.blocks.message import Message, sentence
from bot.blocks.text import inline
from bot.roles import RolesUnavailable
from bot.telemetry import about
from bot.thread import SlackRefused, SlackRetryable
from bot.workflows.activities.pane import Pane, shown_in_pane
from bot.workflows.messages import TaskRequest
from bot.workflows.workbench import Workbench
from policies.engine import PolicyUnavailable
from tools.connectors.base import EstateError
from tools.contracts.ledger import LedgerUnavailable

BEAT_SECONDS = 1.0
"""Heartbeats: a dead worker is noticed within a few of them."""

ATTEMPTS_UNTOLD = 3
"""Of a step that fails for no reason it knows: from this one on the thread is told."""


def is_retry() -> bool:
    """An earlier attempt may have had its effect: look before doing it again."""
    return activity.info().attempt > 1


def of_this_attempt(key: str) -> str:
    """The key of an entry that says what an attempt came to. Another attempt's, which may have come to something else,
    is an entry of its own: the last one is what the task went on with."""
    attempt = activity.info().attempt
    return key if attempt == 1 else f"{key}.{attempt}"


@asynccontextmanager
async def working(bench: Workbench, request: TaskRequest, thread_ts: str | None) -> AsyncGenerator[Pane]:
    """Around every step: a dead worker is noticed, what is away is waited for and told, and logs say whose it is."""
    with about(org=request.org, task=request.task_id), beating():
        async with (
            waiting_is_told(bench, request, thread_ts),
            _settled(bench, request),
            shown_in_pane(bench.writer.web, request.channel, thread_ts) as pane,
        ):
            try:
                yield pane
            finally:
                await _warn_of_budgets(bench, request, thread_ts)


@asynccontextmanager
async def _settled(bench: Workbench, request: TaskRequest) -> AsyncGenerator[None]:
    """A step is over when everything it wrote down is durable, however it ended."""
    try:
        yield
    except BaseException:
        with suppress(LedgerUnavailable):
            await bench.ledger.settled(request.org, request.task_id)
        raise
    await bench.ledger.settled(request.org, request.task_id)


@contextmanager
def beating() -> Generator[None]:
    """Heartbeat in the background for as long as the work takes."""
    loop = asyncio.get_running_loop()

    def beat() -> None:
        nonlocal next_one
        activity.heartbeat()
        next_one = loop.call_later(BEAT_SECONDS, beat)

    # The first after a while: a step that is over by then costs no heartbeat.
    next_one = loop.call_later(BEAT_SECONDS, beat)
    try:
        yield
    finally:
        next_one.cancel()


@asynccontextmanager
async def waiting_is_told(bench: Workbench, request: TaskRequest, thread_ts: str | None) -> AsyncGenerator[None]:
    """Turns what is away into a retry, told in the thread once a step; what is final into an end."""

    async def tell(message: Message, *, key: str) -> None:
        await _tell(bench, request, thread_ts, message, key=key)

    task_id = request.task_id
    try:
        yield
    except SlackRetryable as error:
        raise _away("Slack", error, task_id, kind="SlackAway", retry_after=error.retry_after) from error
    except SlackRefused as error:
        raise _refused(error) from error
    except LedgerUnavailable as error:
        await tell(sentences.ledger_away(task_id=task_id), key="ledger-away")
        raise _away("The ledger", error, task_id, kind="LedgerAway") from error
    except (PolicyUnavailable, InvestigationUnavailable) as error:
        await tell(sentences.engine_away("The policy engine (OPA)", task_id=task_id), key="policy-away")
        raise _away("What judges plans and calls", error, task_id, kind="PolicyAway") from error
    except ModelError as error:
        await tell(sentences.llm_away(str(error), task_id=task_id, will_retry=True), key="llm-away")
        raise _away("Every model", error, task_id, kind="ModelsAway") from error
    except BudgetExceeded as error:
        # No type, which Temporal would put before the words: they are what the person is told.
        raise ApplicationError(str(error), non_retryable=True) from error
    except RolesUnavailable as error:
        await tell(sentences.engine_away("The role directory", task_id=task_id), key="roles-away")
        raise _away("The role directory", error, task_id, kind="RolesAway") from error
    except EstateError as error:
        await tell(sentences.engine_away("The inventory", task_id=task_id), key="estate-away")
        raise _away("The inventory", error, task_id, kind="EstateAway") from error
    except ApplicationError:
        raise
    except Exception as error:
        # A fault of ours, then. It may be over at the next attempt; when it is not, nobody must wait without a word.
        if activity.info().attempt >= ATTEMPTS_UNTOLD:
            await tell(sentences.broken(type(error).__name__, task_id=task_id), key="broken")
        raise


@asynccontextmanager
async def retried(task_id: str) -> AsyncGenerator[None]:
    """Around a step that has no thread to say it in: what is away is waited for."""
    with beating():
        try:
            yield
        except SlackRetryable as error:
            raise _away("Slack", error, task_id, kind="SlackAway", retry_after=error.retry_after) from error
        except SlackRefused as error:
            raise _refused(error) from error
        except LedgerUnavailable as error:
            raise _away("The ledger", error, task_id, kind="LedgerAway") from error
        except EstateError as error:
            raise _away("The inventory", error, task_id, kind="EstateAway") from error
        except RolesUnavailable as error:
            raise _away("The role directory", error, task_id, kind="RolesAway") from error
        except PolicyUnavailable as error:
            raise _away("The policy engine (OPA)", error, task_id, kind="PolicyAway") from error


def _refused(error: SlackRefused) -> ApplicationError:
    """What Slack will not have, it will not have the next time either."""
    return ApplicationError(str(error), type="SlackRefused", non_retryable=True)


def _away(
    what: str, error: Exception, task_id: str, *, kind: str, retry_after: float | None = None
) -> ApplicationError:
    """The retry, told in a line of the log. To Temporal's SDK it is nothing to log: it would with a traceback."""
    log = structlog.get_logger("gavel.worker").bind(task=task_id, step=activity.info().activity_type)
    log.warning(f"{what} is away. The task waits for it: nothing is lost, nothing runs.", reason=str(error)[:500])
    return ApplicationError(
        f"{what} is away: {error}",
        type=kind,
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(seconds=retry_after) if retry_after else None,
    )


async def _warn_of_budgets(bench: Workbench, request: TaskRequest, thread_ts: str | None) -> None:
    """Where there is a thread to say it in. It is no reason to stop."""
    for warning in bench.take_warnings(request.org, request.task_id) if thread_ts is not None else ():
        await _tell(bench, request, thread_ts, sentence(inline(warning)), key=f"budget:{warning[:60]}")


def once_a_step(key: str) -> str:
    """The key of a message that a step says once, however often it is tried. Steps are numbered within a run, and a
    task may go on as another one."""
    return f"{key}:{activity.info().workflow_run_id}:{activity.info().activity_id}"


async def _tell(bench: Workbench, request: TaskRequest, thread_ts: str | None, message: Message, *, key: str) -> None:
    """Once a step, not once an attempt. If Slack is away too, the retry itself is all there is."""
    thread = bench.thread(request, thread_ts)
    with suppress(SlackRetryable, SlackRefused):
        await bench.writer.post_once(
            thread, message, key=once_a_step(key), task_id=request.task_id, check_first=is_retry()
        )
