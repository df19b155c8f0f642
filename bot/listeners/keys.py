"""`/gavel keys` and its form. A key goes from the form into the key store, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from pydantic import SecretStr

from bot.blocks import keys as says
from bot.blocks.message import Message, sentence
from bot.desks import KeyDesk, NotDone, Typed, Whisper
from bot.listeners.opening import FormNotOpened, OpenForm
from bot.listeners.orgs import org_of
from bot.redaction import redact
from bot.roles import RoleDirectory, RolesUnavailable
from bot.slack_web import child
from tools.contracts.common import JsonObject

ROLES_SECONDS = 2.0
"""Of the three in which Slack wants a form's answer."""


@dataclass(frozen=True)
class KeyDoor:
    """What the listeners lead to."""

    desk: KeyDesk
    providers: Mapping[str, str]
    """Id → name, of those that models here belong to."""
    roles: RoleDirectory


@dataclass(frozen=True)
class KeyListeners:
    door: KeyDoor
    org: str | None
    open_form: OpenForm
    whisper: Whisper
    _saving: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]], init=False, repr=False)

    async def answer(self, typed: Typed) -> Message:
        """`/gavel keys …`. Implements `bot.desks.Desk`."""
        match typed.words.split():
            case []:
                return await self._form(typed, None)
            case ["list"]:
                return await self._list(typed)
            case ["set", provider] if provider.lower() in self.door.providers:
                return await self._form(typed, provider.lower())
            case ["delete", provider] if provider.lower() in self.door.providers:
                return await self._delete(typed, provider.lower(), everybodys=False)
            case ["delete", provider, "org"] if provider.lower() in self.door.providers:
                return await self._delete(typed, provider.lower(), everybodys=True)
            case ["set", _, *_]:
                # What follows may be a key. It is not looked at, not logged and not said again.
                return sentence(says.ROTATE_NOW)
            case _ if redact(typed.words).found:
                return sentence(says.ROTATE_NOW)
            case _:
                return says.keys_help(self.door.providers)

    async def on_submission(self, body: dict[str, Any]) -> dict[str, str]:
        """The form was submitted. What to show under which field; empty: the key is being checked."""
        view: dict[str, Any] = body["view"]
        values = child(child(view, "state"), "values")
        provider = child(_field(values, says.PROVIDER_BLOCK, says.PROVIDER_INPUT), "selected_option").get("value")
        owner = child(_field(values, says.OWNER_BLOCK, says.OWNER_INPUT), "selected_option").get("value")
        typed: object = _field(values, says.KEY_BLOCK, says.KEY_INPUT).get("value")
        if provider not in self.door.providers or owner not in (says.MINE, says.OURS) or not isinstance(typed, str):
            return {says.KEY_BLOCK: says.UNREADABLE}
        user = str(body["user"]["id"])
        if owner == says.OURS:
            refused = await self._not_admin(user)
            if refused is not None:
                return {says.OWNER_BLOCK: refused}
        saving = asyncio.create_task(
            self._save(
                org=org_of(body, self.org),
                user=user,
                everybodys=owner == says.OURS,
                provider=str(provider),
                key=SecretStr(typed.strip()),
                channel=str(view.get("private_metadata") or ""),
            ),
            name="save a provider's key",
        )
        # Held: the loop itself would let it go. Slack waits three seconds, a provider may take thirty.
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        return {}

    async def _save(
        self, *, org: str, user: str, everybodys: bool, provider: str, key: SecretStr, channel: str
    ) -> None:
        name = self.door.providers[provider]
        log = structlog.get_logger("gavel.keys").bind(org=org, user=user, provider=provider)
        try:
            await self.whisper(channel, user, says.checking(name))
            await self.door.desk.save(org=org, user=user, everybodys=everybodys, provider=provider, key=key)
        except NotDone as error:
            said = says.not_saved(str(error))
        except Exception as error:
            # Only its type: an error's text may quote what it was given.
            log.warning("A provider's key could not be saved: a fault of ours.", error=type(error).__name__)
            said = says.not_saved("Something in me is broken, so the key was not saved. Tell an operator.")
        else:
            said = says.saved(name, everybodys=everybodys)
        try:
            await self.whisper(channel, user, said)
        except Exception as error:
            log.warning("Nobody could be told what became of a provider's key.", error=type(error).__name__)

    async def _form(self, typed: Typed, provider: str | None) -> Message:
        if not self.door.providers:
            return sentence("No model is configured here that takes a key, so there is nothing to set.")
        form = says.key_form(self.door.providers, chosen=provider, metadata=typed.channel)
        try:
            await self.open_form(typed.trigger_id, form)
        except FormNotOpened:
            return sentence("Slack did not open the form, so nothing was changed. Send `/gavel keys` again.")
        return sentence("Type the key into the form, never into a message.")

    async def _list(self, typed: Typed) -> Message:
        try:
            kept = await self.door.desk.kept(org=typed.org, user=typed.user)
        except NotDone as error:
            return sentence(str(error))
        return says.keys_card(
            [self._name(owned.provider) for owned in kept if not owned.everybodys],
            [(self._name(owned.provider), owned.set_by) for owned in kept if owned.everybodys],
        )

    async def _delete(self, typed: Typed, provider: str, *, everybodys: bool) -> Message:
        if everybodys and (refused := await self._not_admin(typed.user)) is not None:
            return sentence(refused.replace("saved", "deleted"))
        try:
            await self.door.desk.delete(org=typed.org, user=typed.user, everybodys=everybodys, provider=provider)
        except NotDone as error:
            return sentence(str(error))
        return says.deleted(self._name(provider), everybodys=everybodys)

    async def _not_admin(self, user: str) -> str | None:
        """Why the person may not; None: they may."""
        try:
            async with asyncio.timeout(ROLES_SECONDS):
                roles = await self.door.roles.roles_of(user)
        except (RolesUnavailable, TimeoutError):
            return says.NO_ROLES
        return None if "admin" in roles else says.ADMINS_ONLY

    def _name(self, provider: str) -> str:
        return self.door.providers.get(provider, provider)


def _field(values: JsonObject, block: str, element: str) -> JsonObject:
    return child(child(values, block), element)
