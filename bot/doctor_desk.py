"""`/gavel doctor` in Slack: the questions of the terminal, of the asker's own tenant; answered in seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from bot.blocks.doctor import doctor_card
from bot.blocks.message import Message, sentence
from bot.desks import Typed, Whisper
from bot.doctor import examine
from bot.finding import Finding
from bot.settings import Settings

AT_ONCE_SECONDS = 1.2
"""Of the three in which Slack wants an answer: before, it was looked up who may ask. Parts that are away take longer
to say so."""


@dataclass(frozen=True)
class DoctorDesk:
    settings: Settings
    whisper: Whisper
    asking: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], repr=False)
    """What is still being asked: the loop itself would let it go."""

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`. What takes longer follows, to the one who asked and only to them."""
        examining = asyncio.create_task(examine(self.settings, asker=typed.org), name="examine every part")
        done, _ = await asyncio.wait([examining], timeout=AT_ONCE_SECONDS)
        if done:
            return doctor_card(examining.result())
        telling = asyncio.create_task(self._tell(typed, examining), name="tell what the parts answered")
        self.asking.add(telling)
        telling.add_done_callback(self.asking.discard)
        return sentence("I am asking every part. Some take their time; what they say follows here.")

    async def _tell(self, typed: Typed, examining: asyncio.Task[list[Finding]]) -> None:
        try:
            await self.whisper(typed.channel, typed.user, doctor_card(await examining))
        except Exception as error:
            log = structlog.get_logger("gavel.slack")
            log.warning("Nobody could be told how the parts are.", error=type(error).__name__)
