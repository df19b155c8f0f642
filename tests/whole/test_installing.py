"""Installing the app: for the browser that began it, once, for the workspaces that may; and nothing secret is left."""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from sqlalchemy import select

from bot.ledger.database import Database
from bot.ledger.tables import SlackInstallation
from bot.local.slack.seed import HOME_TEAM, SECOND_TEAM
from bot.local.slack.webhooks import signature
from bot.tenants.scopes import SCOPES
from tests.whole.town import until
from tests.whole.workspaces import CLIENT_SECRET, Workspaces, open_workspaces


@pytest.fixture(scope="module")
async def there(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Workspaces]:
    """Only the second workspace may install it."""
    environ = {"SLACK_INSTALL_TEAMS": SECOND_TEAM.id}
    async with open_workspaces(tmp_path_factory.mktemp("installing"), **environ) as workspaces:
        yield workspaces


async def installed(there: Workspaces) -> list[str]:
    database = Database.open(there.town.stack.settings.database_url)
    async with database.reading() as connection:
        orgs = (await connection.execute(select(SlackInstallation.org))).scalars().all()
    await database.close()
    return list(orgs)


async def refused(there: Workspaces, address: str, *, cookie: str, status: int = 400) -> str:
    answer = await there.get(address, cookie=cookie)
    assert answer.status == status, answer.text
    assert "Not installed" in answer.text
    assert await installed(there) == []
    return answer.text


async def test_what_is_asked_for_is_fixed_by_the_settings(there: Workspaces) -> None:
    address, _ = await there.began()
    asked = parse_qs(urlsplit(address).query)
    assert asked["redirect_uri"] == [f"{there.door}/slack/oauth_redirect"]
    assert asked["scope"] == [",".join(SCOPES)]
    tempted = await there.get(f"{there.door}/slack/install?redirect_uri=https://evil.example&state=s&team=T0X")
    assert "evil.example" not in tempted.headers["Location"]


async def test_only_the_browser_that_began_it_can_end_it_and_only_once(there: Workspaces) -> None:
    address, cookie = await there.began()
    back = await there.allowed(address, SECOND_TEAM)
    _, another = await there.began()
    assert "another browser" in await refused(there, back, cookie=another)
    await refused(there, back, cookie="")
    await refused(there, back, cookie="gavel-install=" + "x" * 43)
    state = parse_qs(urlsplit(back).query)["state"][0]
    forged = back.replace(state, state[:-1] + ("A" if state[-1] != "A" else "B"))
    await refused(there, forged, cookie=cookie)
    await refused(there, f"{there.door}/slack/oauth_redirect", cookie=cookie)
    # Nobody else's attempts used it up.
    done = await there.get(back, cookie=cookie)
    assert (done.status, "Gavel is installed in Second Local" in done.text) == (200, True)
    assert await installed(there) == [SECOND_TEAM.id]
    again = await there.get(back, cookie=cookie)
    assert (again.status, "used up" in again.text) == (400, True)
    await there.app("uninstall", team=SECOND_TEAM.id)

    async def gone() -> bool:
        return await installed(there) == []

    await until(gone, seconds=20, what="The removal")


async def test_a_code_that_slack_does_not_know_installs_nothing(there: Workspaces) -> None:
    address, cookie = await there.began()
    state = parse_qs(urlsplit(address).query)["state"][0]
    back = f"{there.door}/slack/oauth_redirect?{urlencode({'code': '1.secretcode', 'state': state})}"
    assert "invalid_code" in await refused(there, back, cookie=cookie)


async def test_whoever_cancels_installs_nothing(there: Workspaces) -> None:
    address, cookie = await there.began()
    state = parse_qs(urlsplit(address).query)["state"][0]
    back = f"{there.door}/slack/oauth_redirect?{urlencode({'error': 'access_denied', 'state': state})}"
    assert "not allowed" in await refused(there, back, cookie=cookie, status=200)


async def test_a_workspace_that_may_not_is_turned_away_and_its_token_revoked(there: Workspaces) -> None:
    address, cookie = await there.began()
    text = await refused(there, await there.allowed(address, HOME_TEAM), cookie=cookie)
    assert "not for that workspace" in text
    journal = await there.town.ledger.show(HOME_TEAM.id, kind="workspace_installed")
    assert journal == []
    async with there.town.stage.http.get(f"{there.slack}/local/stats") as response:
        methods = (await response.json())["methods"]
    assert methods["auth.revoke"]["ok"] == 1


async def test_pages_hand_their_address_on_to_nobody_and_run_nothing(there: Workspaces) -> None:
    answer = await there.get(f"{there.door}/slack/oauth_redirect?state=x&code=<script>alert(1)</script>")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script>" not in answer.text


async def test_what_a_stranger_sends_starts_nothing(there: Workspaces) -> None:
    ts = f"{int(time.time())}.000001"
    event = {"type": "app_mention", "user": "U0ADA00001", "channel": "C0OPS00001", "text": "hi", "ts": ts}
    body = json.dumps({"type": "event_callback", "team_id": HOME_TEAM.id, "event": event}).encode()
    assert await knock(there, body, secret="0" * 32) == (401, '{"error": "invalid request"}')
    # Signed by Slack, of a workspace that did not install the app: taken, and nothing done.
    assert await knock(there, body) == (200, "")
    command = urlencode({"command": "/gavel", "text": "ask hi", "team_id": HOME_TEAM.id}).encode()
    status, said = await knock(there, command, kind="application/x-www-form-urlencoded")
    assert status == 200
    assert "not installed in this workspace" in said
    assert await knock(there, b'{"type": "event_callback", "event": {}}') == (400, '{"error": "no workspace"}')
    assert await knock(there, b"{") == (400, '{"error": "no workspace"}')
    found = there.town.temporal.list_workflows(f"WorkflowId STARTS_WITH '{HOME_TEAM.id}.'")
    assert [each async for each in found] == []


async def knock(
    there: Workspaces, body: bytes, *, secret: str | None = None, kind: str = "application/json"
) -> tuple[int, str]:
    ours = there.town.stack.settings.slack.signing_secret
    assert ours is not None
    at = str(int(time.time()))
    signed = signature(secret or ours.get_secret_value(), timestamp=at, body=body)
    headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": at, "X-Slack-Signature": signed}
    async with there.town.stage.http.post(f"{there.door}/slack/events", data=body, headers=headers) as response:
        return response.status, await response.text()


async def test_nothing_secret_is_in_logs_records_or_the_database(there: Workspaces) -> None:
    """After all of the above."""
    await there.install(SECOND_TEAM)
    await there.asked(SECOND_TEAM)
    data = there.town.stack.settings.data_dir
    held = [*data.glob("served-*.log"), *data.glob("gavel.db*"), *data.glob("temporal.db*")]
    assert len(held) >= 4
    secret = re.compile(rb"xox[a-z]\.?[a-z-]*-(?:local-)?[0-9a-f]{16}|secretcode|" + CLIENT_SECRET.encode())
    assert [path.name for path in held if secret.search(read(path))] == []


def read(path: Path) -> bytes:
    return path.read_bytes()
