"""What a channel's desk is told of an alert: little, whatever the alert says. Its words are in the ledger. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

HOSTS = ("host", "hostname", "instance", "node", "asset", "asset_id", "device", "server")
"""Labels that name a machine."""

SHOWN = ("service", "host", "instance", "site", "cluster", "environment", "namespace")
"""Labels on the card, where the alert has them: where to look."""

MOST_VALUE = 80
"""Characters of a label's value. A longer one is cut, and stays apart from others that begin alike."""

MOST_NAMES = 30
MOST_NAME = 100
"""A longer word is none of the estate's ids."""

MOST_MARK = 40
"""Characters of what names a message; a longer one is known by its digest."""

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,127}")
_READ = 2000
"""Characters of the text in which machines are looked for."""
_MOST_WORDS = 400


def labels_of(labels: Mapping[str, str], group_by: Sequence[str]) -> dict[str, str]:
    """Those that are grouped by, name a machine, or are shown."""
    wanted = {*group_by, *HOSTS, *SHOWN}
    return {name: _cut(value) for name, value in labels.items() if name in wanted}


def names_in(labels: Mapping[str, str], text: str) -> list[str]:
    """What may be an asset's id: labels that name a host, without a port; then words of the text."""
    labelled = [labels[name].rpartition(":")[0] or labels[name] for name in HOSTS if name in labels]
    words = [word for word in _WORD.findall(text[:_READ])[:_MOST_WORDS] if "-" in word]
    return [name for name in dict.fromkeys([*labelled, *words]) if len(name) <= MOST_NAME][:MOST_NAMES]


def mark_of(unique: str) -> str:
    """What is remembered of :attr:`AlertSeen.unique`, thousands of times."""
    return unique if len(unique) <= MOST_MARK else _digest(unique)


def _cut(value: str) -> str:
    return value if len(value) <= MOST_VALUE else f"{value[: MOST_VALUE - 17]}~{_digest(value)[:16]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]
