"""A message of a monitoring app, whichever of Slack's shapes it used. Any JSON can be read; nothing here raises."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

from pydantic import JsonValue

from bot.alerts.alert_text import alert_text
from bot.alerts.words import MOST_READ, flat

_LINK = re.compile(r"<(?P<target>[^<>|]{1,3000})(?:\|(?P<label>[^<>]{0,3000}))?>")
_EMPHASIS = re.compile(r"(?<!\w)[*_~]{1,2}|[*_~]{1,2}(?!\w)")
_FIELD = re.compile(r"^\s*[*_]{0,2}(?P<name>[A-Za-z][A-Za-z0-9 _-]{0,40}?)[*_]{0,2}:[*_]{0,2}\s+(?P<value>\S.*)$")
_GAP = re.compile(r"[ \u00a0]{3,}")
_MOST_FIELDS = 60


@dataclass(frozen=True)
class Posted:
    """What can be told monitors apart by, and what they say."""

    poster: str
    """Slack's id of who posts: the integration, whatever it calls itself. Empty: Slack does not say."""
    app: str
    """The name it posts under, in lower case. Any app may choose any: what goes by it must not go by it alone."""
    head: str
    """The attachment's title, or the first line: in plain words."""
    footers: str
    """Of all attachments, and small print of blocks, in lower case."""
    lead: str
    """The title's link, else the first of all, as it is: what the message is about. Empty: it has none."""
    colors: frozenset[str]
    fields: dict[str, str]
    """Titled fields, and lines of the form `*Name:* value`. Names in lower case."""
    text: str
    """Every word, as `alert_text` finds them."""

    @property
    def plain(self) -> str:
        return in_plain_words(self.text)


def posted(event: dict[str, JsonValue]) -> Posted:
    """Of a message event."""
    attachments = [item for item in _list(event.get("attachments")) if isinstance(item, dict) and not _unfurled(item)]
    event = {**event, "attachments": [*attachments]}
    attachments, text = attachments[:20], alert_text(event)[:MOST_READ]
    titles = [_text(item.get("title")) for item in attachments]
    plain = in_plain_words(text)
    head = next((title for title in titles if title.strip()), "") or next(
        (line for line in plain.splitlines() if line.strip()), ""
    )
    links = [_text(item.get(key)) for item in attachments for key in ("title_link", "author_link")]
    links += [found["target"] for found in _LINK.finditer(text)]
    small = [_text(item.get(key)) for item in attachments for key in ("footer", "author_name")]
    return Posted(
        poster=poster_of(event),
        app=_app(event),
        head=flat(in_plain_words(head)),
        footers=" ".join(small)[:2000].lower(),
        lead=next((link for link in links if link), ""),
        colors=frozenset(_text(item.get("color")).lower().lstrip("#")[:20] for item in attachments),
        fields=_fields(attachments, [event, *attachments], plain),
        text=text,
    )


def in_plain_words(mrkdwn: str) -> str:
    """Links as their labels, without emphasis, entities as what they stand for."""
    linked = _LINK.sub(lambda found: found["label"] or found["target"], mrkdwn)
    return html.unescape(_EMPHASIS.sub("", linked))


def poster_of(event: dict[str, JsonValue]) -> str:
    """Which integration posts. Not its app: every webhook of one old app is of the same, whatever monitor calls it."""
    profile = event.get("bot_profile")
    named = [event.get("bot_id"), profile.get("id") if isinstance(profile, dict) else None, event.get("app_id")]
    return next((name for name in named if isinstance(name, str) and name), "")[:100]


def _unfurled(attachment: dict[str, JsonValue]) -> bool:
    """Slack put it there, afterwards, because of a link: it is another's word, and must not make this another alert."""
    return any(attachment.get(key) for key in ("from_url", "original_url", "is_app_unfurl", "is_msg_unfurl"))


def _app(event: dict[str, JsonValue]) -> str:
    profile = event.get("bot_profile")
    names = [_text(profile.get("name")) if isinstance(profile, dict) else "", _text(event.get("username"))]
    return " ".join(name for name in names if name)[:200].lower()


def _fields(attachments: list[dict[str, JsonValue]], holders: list[dict[str, JsonValue]], plain: str) -> dict[str, str]:
    """`holders`: of blocks."""
    found: dict[str, str] = {}
    for text in (text for holder in holders for text in _block_fields(holder)):
        name, _, value = in_plain_words(text).partition("\n")
        found.setdefault(flat(name).lower().rstrip(": "), flat(value))
    for attachment in attachments:
        for field in _list(attachment.get("fields")):
            if isinstance(field, dict):
                name = flat(in_plain_words(_text(field.get("title")))).lower().rstrip(":")
                found.setdefault(name, flat(in_plain_words(_text(field.get("value")))))
    # Sentry puts several into one line, with a wide gap between them.
    for part in (part for line in plain.splitlines() for part in _GAP.split(line[:1000])):
        match = _FIELD.match(part)
        if match is not None:
            found.setdefault(match["name"].strip().lower(), flat(match["value"]))
    return {name: value for name, value in list(found.items())[:_MOST_FIELDS] if name and value}


def _block_fields(holder: dict[str, JsonValue]) -> list[str]:
    """`*Name*\\nvalue`, as sections lay them out in two columns."""
    blocks = [block for block in _list(holder.get("blocks")) if isinstance(block, dict)]
    fields = [field for block in blocks[:60] for field in _list(block.get("fields")) if isinstance(field, dict)]
    return [_text(field.get("text")) for field in fields]


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _text(value: JsonValue) -> str:
    return value[:MOST_READ] if isinstance(value, str) else ""
