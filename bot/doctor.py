"""`gavel doctor`: asks each component, and says what was tried, what answered, what to do. Changes nothing."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from agents.orchestrator.chat import Member
from agents.orchestrator.providers.catalog import discover
from bot.doctor_mcp import mcp_findings
from bot.doctor_webhook import webhook_finding
from bot.finding import Finding
from bot.keys import KEY_FILE, load_keys, shared_records
from bot.local.datadir import DataDirectory, Whereabouts
from bot.local.models import configured_members, primary_member
from bot.local.parts import PartName, configured_part, local_slack
from bot.local.rehearsal.members import rehearsal_members
from bot.local.servers import find_opa
from bot.model_probes import examine_models, half_configured
from bot.probes import (
    NoAnswer,
    ask_opa,
    ask_qlrf,
    ask_redis,
    ask_slack,
    ask_slack_groups,
    ask_slack_socket,
    ask_sql,
    ask_temporal,
    get_json,
)
from bot.settings import ROLE_GROUPS, Settings, SettingsError, SlackSettings
from bot.workspace_probes import examine_workspaces
from tools.contracts.identity import Role


@dataclass(frozen=True)
class Examination:
    """What the checks share."""

    settings: Settings
    running: Whereabouts | None
    """The stack that runs in the data directory now."""
    deep: bool
    """Also make one short call to each model, which costs a little and is on record."""
    asker: str | None
    """The tenant that is told; None: the operator, who is told of all of them."""


async def examine(settings: Settings, *, deep: bool = False, asker: str | None = None) -> list[Finding]:
    """All components at once, each within a few seconds; never raises for what it finds.

    `asker`: the tenant it is for, where workspaces install the app: no other is asked about, nor its token used.
    """
    directory = DataDirectory(settings.data_dir)
    claimed = await asyncio.to_thread(directory.is_claimed)
    running = await asyncio.to_thread(directory.remembered) if claimed else None
    exam = Examination(settings=settings, running=running, deep=deep, asker=asker)
    found = await asyncio.gather(
        _data_directory(exam),
        _secret_key(exam),
        _slack(exam),
        _slack_delivery(exam),
        _roles(exam),
        _temporal(exam),
        _opa(exam),
        _redis(exam),
        _sql(exam),
        _models(exam),
        _estate(exam),
        _webhook(exam),
        mcp_findings(settings.mcp, asker=asker),
    )
    return [finding for findings in found for finding in findings]


async def _asked(component: str, tried: str, question: Awaitable[object], *, advice: str) -> list[Finding]:
    try:
        answer = await question
    except NoAnswer as error:
        return [Finding(component, "failed", tried, str(error), advice)]
    return [Finding(component, "ok", tried, str(answer))]


def _address(exam: Examination, name: PartName) -> tuple[str | None, str]:
    """The embedded part's address, and whose it is. None: no stack is up that has it."""
    if exam.running is None or not exam.running.embedded.get(name):
        return None, ""
    return exam.running.embedded[name], f"embedded, of process {exam.running.pid}"


def _asleep(component: str, what: str) -> list[Finding]:
    return [Finding(component, "not running", "not configured", f"`gavel up` starts {what}")]


async def _data_directory(exam: Examination) -> list[Finding]:
    root = exam.settings.data_dir
    tried = str(root)
    if not await asyncio.to_thread(root.exists):
        parent = next(path for path in root.parents if path.exists())
        if os.access(parent, os.W_OK):
            return [Finding("data directory", "ok", tried, "not there yet; it will be made")]
        answered = f"not there, and {parent} is not writable"
        return [Finding("data directory", "failed", tried, answered, "set GAVEL_DATA_DIR to a writable directory")]
    mode = stat.S_IMODE((await asyncio.to_thread(root.stat)).st_mode)
    if not os.access(root, os.W_OK | os.X_OK):
        return [
            Finding("data directory", "failed", tried, "not writable", "give it to this user, or set GAVEL_DATA_DIR")
        ]
    if mode & 0o022:
        return [Finding("data directory", "failed", tried, f"mode {mode:o}: others may change it", f"chmod 700 {root}")]
    if mode & 0o055:
        return [Finding("data directory", "ok", tried, f"mode {mode:o}: others may look into it", f"chmod 700 {root}")]
    return [Finding("data directory", "ok", tried, f"writable, mode {mode:o}")]


async def _secret_key(exam: Examination) -> list[Finding]:
    settings = exam.settings
    file = settings.data_dir / KEY_FILE
    if settings.secret_key is not None:
        return [Finding("secret key", "ok", "GAVEL_SECRET_KEY", "set")]
    if not shared_records(settings) and not await asyncio.to_thread(file.exists):
        return [Finding("secret key", "not running", str(file), "`gavel up` makes one")]
    try:
        await asyncio.to_thread(load_keys, settings)
    except SettingsError as error:
        return [Finding("secret key", "failed", "GAVEL_SECRET_KEY", str(error), "set the same key everywhere")]
    return [Finding("secret key", "ok", str(file), "readable by this user only")]


async def _access(exam: Examination) -> tuple[SlackSettings | None, str]:
    if exam.settings.slack.configured:
        return exam.settings.slack, "configured"
    address, whose = _address(exam, "slack")
    if address is None:
        return None, ""
    directory = DataDirectory(exam.settings.data_dir)
    return await asyncio.to_thread(local_slack, exam.settings, directory, address), whose


async def _slack(exam: Examination) -> list[Finding]:
    if exam.settings.slack.distributed:
        return await examine_workspaces(exam.settings, only=exam.asker)
    access, whose = await _access(exam)
    if access is None:
        return _asleep("slack", "a local workspace")

    async def ask() -> str:
        identity = await ask_slack(access)
        return f"workspace {identity.team} ({identity.team_id}), bot {identity.bot_user_id}"

    advice = "check SLACK_BOT_TOKEN (OAuth & Permissions, xoxb-…), that the app is installed, and the network"
    return await _asked("slack", f"auth.test at {access.api_url} ({whose})", ask(), advice=advice)


async def _slack_delivery(exam: Examination) -> list[Finding]:
    access, whose = await _access(exam)
    if access is None:
        return []
    if access.mode == "http":
        there = "signing secret set; Slack must reach this address under a public name"
        return [Finding("slack events", "ok", f"HTTP on {access.host}:{access.port}", there)]
    tried = f"apps.connections.open ({whose})"
    advice = "check SLACK_APP_TOKEN (Basic Information, xapp-…, scope connections:write) and that Socket Mode is on"
    return await _asked("slack events", tried, ask_slack_socket(access), advice=advice)


async def _webhook(exam: Examination) -> list[Finding]:
    """Its alerts go into one workspace: where it listens and who opens it is no other tenant's to know."""
    if exam.settings.slack.distributed and exam.asker not in (None, exam.settings.org):
        return []
    return [await webhook_finding(exam.settings.alerts, running=exam.running is not None)]


async def _roles(exam: Examination) -> list[Finding]:
    """Whether it can be known who may approve, and whether anybody may."""
    listed = exam.settings.roles_listed_for(exam.asker or exam.settings.org or "")
    if listed is not None:
        held: dict[Role, int] = {role: len(people) for role, people in listed.items()}
        return [_approvers(held, "roles: in the configuration", "list people as approver or admin under roles:")]
    access, whose = await _access(exam)
    if access is None or access.distributed:  # each workspace has groups of its own
        return []
    tried = f"usergroups.list at {access.api_url} ({whose})"
    instead = "or list people under roles: in gavel.yaml; until then nothing can be approved"
    try:
        groups = await ask_slack_groups(access)
    except NoAnswer as error:
        scope = "give the app the scope usergroups:read (OAuth & Permissions) and install it again"
        advice = f"{scope if 'missing_scope' in str(error) else 'check the token and the network'}, {instead}"
        return [Finding("roles", "failed", tried, str(error), advice)]
    held = {role: groups[handle] for role, handle in ROLE_GROUPS.items() if handle in groups}
    wanted = f"put people into the user groups {ROLE_GROUPS['approver']} or {ROLE_GROUPS['admin']}"
    return [_approvers(held, tried, f"{wanted}, {instead}")]


def _approvers(held: Mapping[Role, int], tried: str, advice: str) -> Finding:
    found = ", ".join(f"{count} {role}" for role, count in held.items()) or "no user group of Gavel's"
    if held.get("approver", 0) + held.get("admin", 0) == 0:
        return Finding("roles", "failed", tried, f"{found}: nobody may approve", advice)
    return Finding("roles", "ok", tried, found)


async def _temporal(exam: Examination) -> list[Finding]:
    settings = exam.settings.temporal
    address, whose = settings.address, "configured"
    advice = "check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and TEMPORAL_TLS"
    if address is None:
        address, whose = _address(exam, "temporal")
        advice = f"see {exam.settings.data_dir / 'logs' / 'temporal.log'}"
    if address is None:
        return _asleep("temporal", "a dev server")
    return await _asked("temporal", f"{address} ({whose})", ask_temporal(settings, address), advice=advice)


async def _opa(exam: Examination) -> list[Finding]:
    url, whose = exam.settings.opa.url, "configured"
    advice = "check OPA_URL and that OPA runs; until it answers, nothing is approved and nothing runs"
    if url is None:
        url, whose = _address(exam, "opa")
        advice = f"see {exam.settings.data_dir / 'logs' / 'opa.log'}"
    if url is not None:
        return await _asked("opa", f"{url}/health ({whose})", ask_opa(url), advice=advice)
    program = await asyncio.to_thread(find_opa)
    if program is None:
        return [Finding("opa", "ok", "no opa program found", "policies are judged in the process (regorus)")]
    return _asleep("opa", f"{program}")


async def _redis(exam: Examination) -> list[Finding]:
    configured = configured_part(exam.settings, "redis")
    secret = exam.settings.redis.url
    if configured is not None and secret is not None:
        question = ask_redis(secret.get_secret_value())
        advice = "check REDIS_URL and that Redis runs"
        return await _asked("redis", f"{configured.address} (configured)", question, advice=advice)
    url, whose = _address(exam, "redis")
    if url is None:
        return _asleep("redis", "a redis-server")
    advice = f"see {exam.settings.data_dir / 'logs' / 'redis.log'}"
    return await _asked("redis", f"{url} ({whose})", ask_redis(url), advice=advice)


async def _sql(exam: Examination) -> list[Finding]:
    configured = configured_part(exam.settings, "sql")
    tried = f"{configured.address} (configured)" if configured else str(exam.settings.data_dir / "gavel.db")
    advice = "check DATABASE_URL, the network, and that its user may create tables"
    return await _asked("sql", tried, ask_sql(exam.settings.database_url), advice=advice)


async def _models(exam: Examination) -> list[Finding]:
    try:
        members = await configured_members(exam.settings.llm, os.environ)
    except SettingsError as error:
        return [Finding("models", "failed", "LLM_PROVIDER", str(error), "set its key, or unset LLM_PROVIDER")]
    try:
        primary_member(exam.settings.llm, members or rehearsal_members(""))
    except SettingsError as error:
        return [Finding("models", "failed", "LLM_PRIMARY", str(error), "name one of them, or unset LLM_PRIMARY")]
    half = [] if exam.settings.llm.members else half_configured(discover(os.environ))
    if members:
        found = await examine_models(exam.settings, members, deep=exam.deep)
        return [*found, *half, *_council(exam, members)]
    base, whose = _address(exam, "llm")
    if base is None:
        return [*_asleep("models", "the rehearsal models (simulated), as no provider's key is set"), *half]
    tried = f"{base}/v1/models ({whose})"

    async def ask() -> str:
        await get_json(f"{base}/v1/models")
        return "rehearsal models: simulated, as no provider's key is set"

    advice = f"see {exam.settings.data_dir / 'logs' / 'llm.log'}"
    return [*await _asked("models", tried, ask(), advice=advice), *half]


def _council(exam: Examination, members: list[Member]) -> list[Finding]:
    least, mode = exam.settings.council.min_providers, exam.settings.llm.mode
    if len(members) >= least or mode not in ("auto", "council"):
        return []
    answered = f"{len(members)} of at least {least} members: a council is not possible"
    advice = "set up more providers, or set LLM_MODE to single"
    return [Finding("council", "failed" if mode == "council" else "ok", f"LLM_MODE={mode}", answered, advice)]


def healthy(findings: list[Finding]) -> bool:
    """Whether everything that is configured, or runs, answers."""
    return all(finding.state != "failed" for finding in findings)


async def _estate(exam: Examination) -> list[Finding]:
    """The sample estate is a file that is there or drawn; a service is asked for its first asset."""
    estate = exam.settings.estate
    if estate.url is None or estate.token is None:
        return []
    advice = "check GAVEL_ESTATE_URL, GAVEL_ESTATE_TOKEN and the network"
    return await _asked("estate", f"{estate.url}/api/v1/assets", ask_qlrf(estate), advice=advice)
