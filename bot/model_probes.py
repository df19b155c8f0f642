"""Does a configured model answer? Its provider's list of models costs nothing; a short question costs a little."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from pydantic import AliasChoices, BaseModel, Field, ValidationError

from agents.orchestrator.budget import BudgetExceeded
from agents.orchestrator.chat import ChatMessage, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.errors import UnusableReply, without_secrets
from agents.orchestrator.providers.catalog import Discovery, provider_of
from agents.orchestrator.providers.listing import Listing, listing_of
from agents.orchestrator.providers.provider import model_name
from bot.finding import Finding
from bot.ledger.database import DatabaseUrlError
from bot.org import org_of
from bot.probes import NoAnswer, get_json
from bot.recorded_calls import recorded_calls
from bot.settings import Settings, SettingsError
from tools.contracts.ledger import LedgerUnavailable

NOT_ASKED = "set up; not asked (`gavel doctor --deep` asks it one short question)"


class _Row(BaseModel):
    id: str = ""
    name: str = ""


class _Models(BaseModel):
    """OpenAI, Anthropic and Azure list `data[].id`, Gemini and Ollama `models[].name`."""

    rows: list[_Row] = Field(validation_alias=AliasChoices("data", "models"))

    def names(self) -> set[str]:
        return {(row.id or row.name).removeprefix("models/") for row in self.rows}


@asynccontextmanager
async def model_client() -> AsyncGenerator[ModelClient]:
    """For a while. Closing one closes the connections of all: one for all that is asked at a time."""
    # Late: litellm takes seconds to import.
    from agents.orchestrator.litellm_client import LiteLLMClient

    client = LiteLLMClient()
    try:
        yield client
    finally:
        await client.close()


async def ask_model(client: ModelClient, member: Member, *, org: str, run: str, seconds: float = 30) -> str:
    """One short question, for real. `run`: unique; the task in the request log, as `doctor:<run>`, so that one run has
    the budget of one task, whatever others asked before it. Raises :class:`NoAnswer`."""
    request = ChatRequest(
        messages=(ChatMessage("user", "Answer with the word ok."),),
        purpose="probe",
        org=org,
        task_id=f"doctor:{run}",
        user="doctor",
        mode="single",
        prompt_id="doctor",
        prompt_version="1",
        key=member.name,
        agent="doctor",
        max_tokens=64,
        deadline_seconds=seconds,
    )
    try:
        reply = await client.chat(member, request)
    except UnusableReply as short:
        # A model that thinks may have thought its few tokens away. It was reached, and took the key.
        reply = short.reply
    except (ModelError, BudgetExceeded, LedgerUnavailable) as error:
        raise NoAnswer(str(error)) from None
    return f"answered in {reply.duration_ms} ms"


async def ask_listing(member: Member, listing: Listing) -> str:
    """What its provider lists. Raises :class:`NoAnswer`, also for a model that is not among them."""
    try:
        body = await get_json(listing.url, headers=listing.headers, seconds=5)
    except NoAnswer as error:
        raise NoAnswer(without_secrets(str(error), (member.api_key,) if member.api_key else ())) from None
    try:
        names = _Models.model_validate(body).names()
    except ValidationError:
        raise NoAnswer("it answers, but not with a list of models") from None
    wanted = model_name(member)
    if listing.whole and names and not {wanted, f"{wanted}:latest"} & names:
        raise NoAnswer(f"it takes the key, but lists no model {wanted}")
    return f"takes the key and lists {len(names)} models"


async def examine_models(settings: Settings, members: Sequence[Member], *, deep: bool) -> list[Finding]:
    """One finding a member, all at once. `deep`: each is asked, on record and within the budgets, or not at all."""
    if not deep:
        return list(await asyncio.gather(*(_listed(member) for member in members)))
    try:
        org, run = await asyncio.to_thread(org_of, settings), uuid4().hex[:12]
        async with model_client() as wire, recorded_calls(settings, wire, members) as client:
            return list(await asyncio.gather(*(_asked(client, member, org=org, run=run) for member in members)))
    except (LedgerUnavailable, DatabaseUrlError, SettingsError) as error:
        why = f"not asked: the call could not be recorded ({error})"
        advice = "see the findings on sql and on the secret key"
        return [
            Finding(f"model {member.name}", "failed", f"{member.model}, nothing", why, advice) for member in members
        ]


def half_configured(found: Discovery) -> list[Finding]:
    """One finding for each provider that has a key and cannot be used all the same."""
    return [
        Finding(f"provider {identifier}", "not running", "its variables", sentence, "set what is missing, or unset it")
        for identifier, sentence in found.missing.items()
    ]


async def _listed(member: Member) -> Finding:
    listing = listing_of(member)
    if listing is None:
        return Finding(f"model {member.name}", "ok", f"{member.model} (configured)", NOT_ASKED)
    tried = f"{member.model}, {listing.url.partition('?')[0]}"
    return await _found(member, tried, ask_listing(member, listing))


async def _asked(client: ModelClient, member: Member, *, org: str, run: str) -> Finding:
    return await _found(member, f"{member.model}, one short question", ask_model(client, member, org=org, run=run))


async def _found(member: Member, tried: str, question: Awaitable[str]) -> Finding:
    try:
        return Finding(f"model {member.name}", "ok", tried, await question)
    except NoAnswer as error:
        return Finding(f"model {member.name}", "failed", tried, str(error), _advice(member, str(error)))


def _advice(member: Member, said: str) -> str:
    if "lists no model" in said:
        return f"name one that it has, by GAVEL_MODEL_{(provider_of(member) or 'PROVIDER').upper()} or in llm.members"
    if "No model was asked" in said:
        return "an admin can raise the budget"
    if "401" in said or "403" in said or "refused the key" in said:
        return "set a key that is valid, of this provider and this address"
    return "check its address, its key, the model's name and the network"
