"""Channels as people write them in the configuration, by name or by id, and the ids that Slack knows them by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from slack_sdk.errors import SlackApiError

from bot.redaction import is_object
from bot.slack_api import SlackApi, name_of
from bot.slack_web import listed

_ID = re.compile(r"[CG][A-Z0-9]+")
"""Slack's ids. No name is like one: names have no capital letters."""


def by_id(names: Iterable[str]) -> list[str]:
    """Those that Slack need not be asked for. An enterprise's channels it lists only one workspace at a time."""
    return [name for name in names if _ID.fullmatch(name.lstrip("#"))]


async def channel_ids(api: SlackApi, names: Iterable[str]) -> dict[str, str]:
    """Each of the `names` (with or without #) → its id; an id stands as it is. A name nobody has is left out.

    Slack lists its channels page by page, few pages a minute: it is asked for names only, and no further than it takes
    to find them. Raises what the client does.
    """
    plain = {name: name.lstrip("#") for name in names}
    ids = {name: name for name in plain.values() if _ID.fullmatch(name)}
    wanted = {name for name in plain.values() if name and name not in ids}
    cursors, cursor = set[str](), ""
    while wanted and cursor not in cursors:
        cursors.add(cursor)
        page = await api.api_call(
            "conversations.list",
            params={
                "limit": 200,
                "cursor": cursor,
                "exclude_archived": True,
                "types": "public_channel,private_channel",
            },
        )
        for channel in listed(page.get("channels")):
            name, found = channel.get("name"), channel.get("id")
            if isinstance(name, str) and isinstance(found, str) and name in wanted:
                ids[name] = found
                wanted.discard(name)
        metadata: Any = page.get("response_metadata")
        cursor = str(metadata.get("next_cursor") or "") if is_object(metadata) else ""
        if not cursor:
            break
    return {name: ids[bare] for name, bare in plain.items() if bare in ids}


async def channel_seen(api: SlackApi, name: str) -> str | None:
    """The id of a channel by name or id; None: there is none that the bot can see. Raises what the client does."""
    found = (await channel_ids(api, [name])).get(name)
    if found != name.lstrip("#"):
        return found
    try:
        await api.api_call("conversations.info", params={"channel": found})
    except SlackApiError as error:
        if name_of(error) == "channel_not_found":
            return None
        raise
    return found
