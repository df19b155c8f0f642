"""Puts the parts that read attached files together."""

from __future__ import annotations

from bot.attachments.fetching import Fetcher, file_origin
from bot.attachments.receiving import FileDesk, FileLimits
from bot.attachments.store import FileStore
from bot.clock import utc_now
from bot.keys import Keys
from bot.ledger.database import Database
from bot.settings import Settings
from bot.slack_web import SlackWeb


def file_desk(settings: Settings, keys: Keys, web: SlackWeb, database: Database) -> FileDesk:
    """As the installation is configured. Raises ValueError without a bot token.

    Where workspaces install the app there is no token yet: each of them has its own.
    """
    slack, files = settings.slack, settings.files
    token = slack.bot_token.get_secret_value() if slack.bot_token is not None else ""
    if not token and not slack.distributed:
        raise ValueError("There is no SLACK_BOT_TOKEN: no file could be read, so nothing is started.")
    return FileDesk(
        web=web,
        fetcher=Fetcher(token, file_origin(slack.api_url)),
        store=FileStore(database, keys.derive("files"), utc_now),
        limits=FileLimits(files.count, files.text_kilobytes * 1024, files.keep_days),
    )
