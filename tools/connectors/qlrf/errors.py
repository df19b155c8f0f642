"""What can go wrong with QL-RF. Each error says what was asked; none of them is an empty answer."""

from __future__ import annotations

from typing import Literal

from tools.connectors.base import EstateError

QlrfErrorKind = Literal["refused", "missing", "limited", "failed", "unreachable", "timeout", "malformed", "unsupported"]
"""`refused`: 401, 403; `missing`: 404; `limited`: 429; `failed`: another status; `malformed`: an answer that cannot
be read; `unsupported`: QL-RF has no path for it."""


class QlrfError(EstateError):
    """The message is for people and models: what was asked, what came back, what to do. It holds no token."""

    def __init__(self, kind: QlrfErrorKind, asked: str, said: str) -> None:
        super().__init__(f"QL-RF was asked {asked}: {said}")
        self.kind: QlrfErrorKind = kind
        self.asked = asked
        """Method, path and query, as in `GET /api/v1/assets?page=1`."""


def unsupported(what: str) -> QlrfError:
    """For what the estate protocol has and QL-RF's API has not."""
    return QlrfError("unsupported", what, "its API has no path for this. Nothing was read or changed.")
