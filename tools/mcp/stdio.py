"""A server that is a child process: messages in lines on its standard input and output.

The SDK's own transport takes a line of any length into memory, piece by piece, and gives the child's errors to ours.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from tools.mcp.declared import Program
from tools.mcp.trouble import Trouble

MAX_LINE_BYTES = 1_000_000
"""Of one message."""
MAX_BLANK_LINES = 100
"""In a row. They are no messages, and reading one leaves nobody else a turn where the next is there already."""
STOP_SECONDS = 2.0
"""From the end of its input to SIGKILL."""
LAST_WORDS = 400
"""Bytes of its standard error that are kept, to say why it did not start."""

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


@asynccontextmanager
async def program(server: Program, trouble: Trouble) -> AsyncGenerator[Streams]:
    """The two streams of one server. Raises `OSError` where it cannot be started.

    At the end its input is closed; after a grace it is killed, with all that it started in its session.
    """
    process = await asyncio.create_subprocess_exec(
        *server.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(server.env),
        start_new_session=True,
        limit=MAX_LINE_BYTES,
    )
    heard, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, said = anyio.create_memory_object_stream[SessionMessage](0)
    hearing = asyncio.create_task(_hear(process, heard, trouble), name="an MCP server's output")
    tasks = [
        hearing,
        asyncio.create_task(_say(process, said, heard), name="an MCP server's input"),
        asyncio.create_task(listen_to_errors(process.stderr, trouble), name="an MCP server's errors"),
    ]
    try:
        yield read, write
    finally:
        read.close()
        write.close()
        hearing.cancel()
        await asyncio.wait([hearing])
        await _stop(process)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        heard.close()
        said.close()


async def _hear(
    process: asyncio.subprocess.Process,
    heard: MemoryObjectSendStream[SessionMessage | Exception],
    trouble: Trouble,
) -> None:
    """Until it ends, or says more in one line than is read, or nothing in too many: the connection is then over."""
    output, blank = process.stdout, 0
    async with heard:
        while output is not None:
            try:
                line = await output.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                trouble.say(f"a message of its is over {MAX_LINE_BYTES} bytes")
                return
            if not line.strip():
                blank += 1
                if blank > MAX_BLANK_LINES:
                    trouble.say(f"it said over {MAX_BLANK_LINES} blank lines in a row")
                    return
                continue
            blank = 0
            try:
                await heard.send(message_in(line))
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                return


def message_in(line: bytes) -> SessionMessage | Exception:
    """What one line says. What is no message is an error for the SDK to pass over; it does not quote it."""
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return ValueError("It said something that is no JSON-RPC message.")


async def _say(
    process: asyncio.subprocess.Process,
    said: MemoryObjectReceiveStream[SessionMessage],
    heard: MemoryObjectSendStream[SessionMessage | Exception],
) -> None:
    entrance = process.stdin
    async with said:
        async for message in said:
            if entrance is None:
                return
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            try:
                entrance.write(text.encode() + b"\n")
                await entrance.drain()
            except (OSError, RuntimeError):
                # Who waits for an answer is told that the connection is over.
                heard.close()
                return


async def listen_to_errors(errors: asyncio.StreamReader | None, trouble: Trouble) -> None:
    """Keeps the last of them. However fast they come, others have their turn."""
    last = b""
    while errors is not None and (more := await errors.read(4096)):
        last = (last + more)[-LAST_WORDS:]
        trouble.say(f"its last words: {last.decode('utf-8', errors='replace')}")
        await asyncio.sleep(0)  # a read yields only where nothing is there yet, and it may say much


async def _stop(process: asyncio.subprocess.Process) -> None:
    # A server that is writing still cannot see that its input has ended, and its pipe is closed when it was read.
    draining = asyncio.create_task(_drain(process), name="what an MCP server still says")
    if process.stdin is not None:
        with suppress(OSError, RuntimeError):
            process.stdin.close()
    if not await _ended(process):
        _kill(process.pid)
        await _ended(process)
    # What it started may live on in its session.
    _kill(process.pid)
    await asyncio.wait([draining], timeout=STOP_SECONDS)
    draining.cancel()


async def _drain(process: asyncio.subprocess.Process) -> None:
    while process.stdout is not None and await process.stdout.read(65536):
        pass


async def _ended(process: asyncio.subprocess.Process) -> bool:
    """Looked for instead of waited for: asyncio's wait also waits for everybody who holds its pipes."""
    for _ in range(int(STOP_SECONDS / 0.02)):
        if process.returncode is not None:
            return True
        await asyncio.sleep(0.02)
    return process.returncode is not None


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
