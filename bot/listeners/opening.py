"""Forms in front of a person: how a listener has one opened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.blocks.modal import Modal

OPEN_SECONDS = 2.0
"""For Slack to open it."""

TRIGGER_SECONDS = 2.8
"""Slack honors a trigger for 3 s after the click, and what came before the form has had some of them."""


class FormNotOpened(Exception):
    """Slack did not open the form. Nothing was decided, and the person must be told."""


OpenForm = Callable[[str, Modal], Awaitable[None]]
"""Shows a modal to whoever a trigger id belongs to. Raises :class:`FormNotOpened`."""
