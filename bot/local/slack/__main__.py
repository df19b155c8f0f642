"""`python -m bot.local.slack --port N --data DIR`: the local Slack workspace as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from bot.local.slack.app import build_app
from bot.local.slack.credentials import load_credentials
from bot.local.slack.journal import JournalError
from bot.local.slack.outbox import Patience
from bot.local.slack.seed import DEFAULT_MANIFEST, HOME_TEAM, SECOND_TEAM, manifest_from
from bot.local.slack.workspace import STREAM_SECONDS, Workspace

HOST = "127.0.0.1"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.local.slack", description="A local simulation of Slack.")
    parser.add_argument("--port", type=int, default=0, help="0: any free port (default)")
    parser.add_argument("--data", type=Path, required=True, help="messages and tokens are kept here")
    parser.add_argument("--ready-file", type=Path, help="written with the address once it listens")
    parser.add_argument("--manifest", type=Path, help="a Slack app manifest: scopes, events, commands")
    parser.add_argument("--no-rate-limits", action="store_true", help="answer as often as asked")
    parser.add_argument("--ack-seconds", type=float, default=3.0, help="how long an acknowledgement may take")
    parser.add_argument("--retry-seconds", default="0,60,300", help="delays before each redelivery of an event")
    parser.add_argument("--stream-seconds", type=float, default=STREAM_SECONDS, help="how long a stream may live")
    parser.add_argument("--bot-token", default=os.environ.get("GAVEL_LOCAL_SLACK_BOT_TOKEN"))
    parser.add_argument("--app-token", default=os.environ.get("GAVEL_LOCAL_SLACK_APP_TOKEN"))
    parser.add_argument("--signing-secret", default=os.environ.get("GAVEL_LOCAL_SLACK_SIGNING_SECRET"))
    return parser


async def serve(args: argparse.Namespace) -> None:
    """Run until SIGTERM or SIGINT. Raises ValueError, JournalError or OSError when it cannot start."""
    given: dict[str, str | None] = {
        "bot_token": args.bot_token,
        "app_token": args.app_token,
        "signing_secret": args.signing_secret,
    }
    patience = Patience(
        ack=args.ack_seconds, retries=tuple(float(part) for part in str(args.retry_seconds).split(",") if part)
    )
    credentials = load_credentials(args.data, given=given)
    manifest = manifest_from(args.manifest) if args.manifest else DEFAULT_MANIFEST
    workspace, second = (
        Workspace(directory, credentials=credentials, manifest=manifest, team=team, stream_seconds=args.stream_seconds)
        for directory, team in ((args.data, HOME_TEAM), (args.data / "second", SECOND_TEAM))
    )
    app = build_app(workspace, second=second, rate_limits=not args.no_rate_limits, patience=patience)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, args.port)
        await site.start()
        address = f"http://{HOST}:{site.port}"
        if args.ready_file:
            await asyncio.to_thread(args.ready_file.write_text, address + "\n")
        print(f"ready {address}", flush=True)
        await stop.wait()
    finally:
        await runner.cleanup()


def main() -> int:
    """Exit status 0 after a signal, 1 (with one line on stderr) when it could not start."""
    args = _parser().parse_args()
    try:
        asyncio.run(serve(args))
    except (JournalError, ValueError, OSError) as error:
        print(f"local Slack workspace: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
