"""Whether a provider takes a key: one short call, in a process of its own.

A bot without a worker would otherwise keep litellm in memory for ever after. The key goes there through a pipe: other
users of the machine can read arguments and environments.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from uuid import uuid4

from pydantic import SecretStr, TypeAdapter, ValidationError

from agents.orchestrator.chat import CallRecord, ChatMessage, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.errors import UnusableReply
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.orchestrator.logged import LoggedClient
from bot.keystore.sealing import Place
from bot.redaction import redact

DEADLINE_SECONDS = 30.0
"""For the call."""

START_SECONDS = 30.0
"""For the process: litellm takes seconds to import."""

TASK = "keys"
"""The task that checks are logged under."""


@dataclass(frozen=True)
class Checked:
    """What became of the call."""

    accepted: bool
    why: str = ""
    """Where it was not: one sentence, without the key."""
    record: CallRecord | None = None
    """For the request log; None: no call was made."""


Check = Callable[[Member, SecretStr, ChatRequest], Awaitable[Checked]]


def check_request(place: Place, *, by: str) -> ChatRequest:
    """The call that is made with a key before it is saved."""
    return ChatRequest(
        messages=(ChatMessage("user", "Answer with the word ok."),),
        purpose="check_key",
        org=place.org,
        task_id=TASK,
        user=by,
        mode="single",
        prompt_id="check_key",
        prompt_version="1",
        key=f"{place.provider}:{uuid4()}",
        agent="keys",
        max_tokens=16,
        deadline_seconds=DEADLINE_SECONDS,
    )


@dataclass
class _Kept:
    record: CallRecord | None = None

    async def log(self, record: CallRecord) -> None:
        self.record = record


async def check_with(client: ModelClient, member: Member, key: SecretStr, request: ChatRequest) -> Checked:
    """Make the call in this process."""
    secret, kept = key.get_secret_value(), _Kept()
    try:
        await LoggedClient(client, kept).chat(replace(member, api_key=secret), request)
    except UnusableReply:
        # It answered, and was paid: what it said does not matter here.
        return Checked(accepted=True, record=kept.record)
    except ModelError as error:
        return Checked(accepted=False, why=without_key(str(error), key), record=kept.record)
    return Checked(accepted=True, record=kept.record)


def without_key(text: str, key: SecretStr) -> str:
    """The text without the key, and without anything else that looks like one."""
    return redact(text.replace(key.get_secret_value(), "[redacted]")).text


@dataclass(frozen=True)
class _Order:
    """What the process is told."""

    member: Member
    key: str
    request: ChatRequest


_ORDER = TypeAdapter(_Order)
_CHECKED = TypeAdapter(Checked)


async def check_apart(member: Member, key: SecretStr, request: ChatRequest) -> Checked:
    """Make the call in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.keystore.checking"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    order = _ORDER.dump_json(_Order(replace(member, api_key=None), key.get_secret_value(), request))
    try:
        async with asyncio.timeout(START_SECONDS + request.deadline_seconds):
            out, _ = await process.communicate(order)
        return _CHECKED.validate_json(out)
    except (TimeoutError, ValidationError, OSError):
        return Checked(accepted=False, why="The call that checks it could not be made here.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _main() -> None:
    order = _ORDER.validate_json(await asyncio.to_thread(sys.stdin.buffer.read))
    client = LiteLLMClient()
    done = await check_with(client, order.member, SecretStr(order.key), order.request)
    await client.close()
    sys.stdout.buffer.write(_CHECKED.dump_json(done))


if __name__ == "__main__":
    asyncio.run(_main())
