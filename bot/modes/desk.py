"""`/gavel mode` in Slack: what holds in this channel, and another one, set by those who may approve."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from agents.intake import mode_named
from bot.blocks.channel_mode import HOW, ChannelModeCard, Spent, channel_mode_card
from bot.blocks.message import Message, sentence
from bot.blocks.words import person
from bot.desks import Typed
from bot.keys import Keys
from bot.ledger.database import Database
from bot.modes.channels import ChannelModes, SetMode
from bot.modes.defaults import mode_defaults
from bot.opening import open_ledger
from bot.roles import RoleDirectory, RolesUnavailable
from bot.settings import Settings
from bot.slack_api import SlackApi
from bot.usage.query import usage_by
from bot.usage.report import cost_words
from tools.contracts.ledger import LedgerUnavailable

SETTING_ROLES = frozenset({"approver", "admin"})
"""Who may set a channel's mode: it decides how many models look at what they are asked to approve."""

DAYS = 30


@dataclass(frozen=True)
class ModeDesk:
    settings: Settings
    keys: Keys = field(repr=False)
    client: SlackApi
    roles: RoleDirectory
    now: Callable[[], datetime]

    async def answer(self, typed: Typed) -> Message:
        """See :class:`bot.desks.Desk`."""
        word = typed.words.strip().lower()
        setting = mode_named(word)
        if word and word != "default" and setting is None:
            return sentence(f"There is no mode of that name, so nothing was changed. {HOW}")
        try:
            if not word:
                return await self._shown(typed, changed=False)
            if not SETTING_ROLES & set(await self.roles.roles_of(typed.user)):
                return sentence(
                    "A channel's mode is set by an *approver* or an *admin*, and you are none, so nothing was changed. "
                    "For one request, put it first: `council: …`."
                )
            mode = SetMode(setting, by=typed.user, at=self.now()) if setting is not None else None
            await self._set(typed, mode)
            return await self._shown(typed, changed=True)
        except RolesUnavailable:
            return sentence("Slack did not say which roles you have, so nothing was changed. Try again.")
        except LedgerUnavailable:
            return sentence("The database does not answer, so nothing was changed. `gavel doctor` says why.")

    async def _set(self, typed: Typed, mode: SetMode | None) -> None:
        """On record first: who lowered or raised it must be known. Raises `LedgerUnavailable`."""
        async with AsyncExitStack() as exits:
            ledger = await open_ledger(exits, self.settings, self.keys)
            before = await ChannelModes(ledger.database).of(typed.org, typed.channel)
            await ledger.record(
                "mode_set",
                {
                    "channel": typed.channel,
                    "setting": mode.setting if mode is not None else None,
                    "before": before.setting if before is not None else None,
                },
                org=typed.org,
                task_id=f"{typed.org}.{typed.channel}",
                actor=typed.user,
                key=f"mode:{typed.trigger_id}",
            )
            await ChannelModes(ledger.database).put(typed.org, typed.channel, mode)

    async def _shown(self, typed: Typed, *, changed: bool) -> Message:
        defaults = await mode_defaults(self.settings, self.client)
        database = Database.open(self.settings.database_url, lock_timeout_seconds=1)
        try:
            found = await ChannelModes(database).of(typed.org, typed.channel)
            usage = await usage_by(database, typed.org, "mode", since=self.now() - timedelta(days=DAYS))
        finally:
            await database.close()
        return channel_mode_card(
            ChannelModeCard(
                choice=defaults.choose(
                    asked=None,
                    channel=typed.channel,
                    channel_mode=found.setting if found is not None else None,
                    agent=None,
                    risk=None,
                    org=typed.org,
                ),
                set_by=person(found.by) if found is not None else "",
                agents={str(agent): mode for agent, mode in defaults.agents.items()},
                risks={str(risk): mode for risk, mode in defaults.risks.items()},
                spent=[Spent(one.name, one.calls, cost_words(one)) for one in usage],
                days=DAYS,
                changed=changed,
            )
        )
