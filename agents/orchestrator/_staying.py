"""Keeps litellm where it was sent: it follows redirects, with the key in a header and the prompt in the body."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

_MAKERS = (
    ("litellm.llms.custom_httpx.http_handler", "AsyncHTTPHandler", "create_client", False),
    # Of OpenAI, Azure, and all that speak their language.
    ("litellm.llms.openai.common_utils", "BaseOpenAILLM", "_get_async_http_client", True),
)
"""Module, class and method, and whether that is a static one: what makes litellm's HTTP clients. It has no setting."""


def stay() -> None:
    """Whatever client litellm makes from now on takes a redirect for the answer, which is a failure."""
    for module, name, method, static in _MAKERS:
        owner: Any = getattr(importlib.import_module(module), name)
        make = _staying(getattr(owner, method))
        setattr(owner, method, staticmethod(make) if static else make)


def _staying(make: Callable[..., Any]) -> Callable[..., Any]:
    if hasattr(make, "__wrapped__"):  # by an earlier call
        return make

    @functools.wraps(make)
    def made(*arguments: Any, **named: Any) -> Any:
        client = make(*arguments, **named)
        client.follow_redirects = False
        return client

    return made
