"""Installing an app by OAuth in the local Slack: as strict as Slack is."""

from __future__ import annotations

from tests.unit.local_slack.harness import ADA, Slack
from tests.unit.tenants.conftest import slack
from tests.unit.tenants.distributed import (
    CLIENT_SECRET,
    HOME,
    REDIRECT,
    SECOND,
    allowed,
    answered,
    exchanged,
    granted,
    opened,
)

__all__ = ["slack"]


async def error(slack: Slack, token: str, method: str = "auth.test", **args: object) -> str:
    return await slack.error(method, token=token, **args)


async def test_a_page_that_slack_would_not_show_is_not_shown(slack: Slack) -> None:
    wrong = {
        "client_id": ("nobody", "invalid_client_id"),
        "scope": ("chat:write,admin", "invalid_scope"),
        "redirect_uri": ("https://evil.example/slack/oauth_redirect", "bad_redirect_uri"),
    }
    for name, (value, why) in wrong.items():
        status, text = await opened(slack, **{name: value})
        assert (status, text.split()[0]) == (400, why)
    assert (await opened(slack, scope=""))[0] == 400
    assert (await opened(slack, redirect_uri=REDIRECT + "x"))[0] == 400
    assert (await opened(slack, redirect_uri=REDIRECT + "/below"))[0] == 200


async def test_whoever_cancels_gives_no_code(slack: Slack) -> None:
    _, page = await opened(slack)
    assert await answered(slack, page, None) == {"error": "access_denied", "state": "s1"}


async def test_a_code_is_good_once_for_its_own_redirect_and_its_own_app(slack: Slack) -> None:
    code = await allowed(slack, SECOND)
    assert (await exchanged(slack, code=code, redirect_uri=REDIRECT + "/x"))["error"] == "bad_redirect_uri"
    assert (await exchanged(slack, code=code, redirect_uri=REDIRECT, client_secret="x"))["error"] == "bad_client_secret"
    assert (await exchanged(slack, code="1.2", redirect_uri=REDIRECT))["error"] == "invalid_code"
    answer = await exchanged(slack, code=code, redirect_uri=REDIRECT)
    assert (answer["team"]["id"], answer["token_type"], answer["expires_in"]) == (SECOND, "bot", 43_200)
    assert (await exchanged(slack, code=code, redirect_uri=REDIRECT))["error"] == "code_already_used"


async def test_a_token_speaks_for_its_own_workspace_only(slack: Slack) -> None:
    tokens = [str((await granted(slack, team))["access_token"]) for team in (HOME, SECOND)]
    assert [(await slack.call("auth.test", token=token))["team_id"] for token in tokens] == [HOME, SECOND]
    assert await error(slack, tokens[1], "chat.postMessage", channel="C0OPS00001", text="x") == "channel_not_found"
    assert (await slack.call("chat.postMessage", token=tokens[1], channel="C0OPS00002", text="x"))["ok"]
    assert await error(slack, tokens[1], "files.info", file="F1") == "missing_scope"


async def test_a_token_ends_and_a_refresh_token_is_good_once(slack: Slack) -> None:
    answer = await granted(slack, SECOND)
    assert (await slack.act("expire_tokens", team=SECOND))["expired"] == 1
    assert await error(slack, answer["access_token"]) == "token_expired"
    refresh = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"]}
    assert (await exchanged(slack, **{**refresh, "client_secret": "x"}))["error"] == "bad_client_secret"
    second = await exchanged(slack, **refresh)
    assert await error(slack, second["access_token"]) == "ok"
    assert (await exchanged(slack, **refresh))["error"] == "invalid_refresh_token"
    assert (await exchanged(slack, grant_type="password"))["error"] == "invalid_grant_type"


async def test_no_more_than_two_tokens_live_at_a_time(slack: Slack) -> None:
    answers = [await granted(slack, SECOND)]
    for _ in range(2):
        refresh = answers[-1]["refresh_token"]
        answers.append(await exchanged(slack, grant_type="refresh_token", refresh_token=refresh))
    assert [await error(slack, answer["access_token"]) for answer in answers] == ["token_expired", "ok", "ok"]


async def test_a_revoked_token_works_no_more(slack: Slack) -> None:
    token = (await granted(slack, SECOND))["access_token"]
    assert (await slack.call("auth.revoke", token=token, test=True))["revoked"] is False
    assert (await slack.call("auth.revoke", token=token))["revoked"] is True
    assert await error(slack, token) == "token_revoked"


async def test_what_removes_the_app_ends_its_tokens(slack: Slack) -> None:
    answer = await granted(slack, SECOND)
    assert (await slack.act("uninstall", team=SECOND))["events"] == ["tokens_revoked", "app_uninstalled"]
    assert await error(slack, answer["access_token"]) == "account_inactive"
    refused = await exchanged(slack, grant_type="refresh_token", refresh_token=answer["refresh_token"])
    assert refused["error"] == "invalid_refresh_token"
    assert not (await slack.act("uninstall", team=SECOND))["ok"]
    again = (await granted(slack, SECOND))["access_token"]
    fields = {"client_id": "1234.5678", "client_secret": CLIENT_SECRET}
    assert await error(slack, again, "apps.uninstall", **{**fields, "client_secret": "x"}) == "bad_client_secret"
    assert await error(slack, again, "apps.uninstall", **fields) == "ok"
    assert await error(slack, again) == "account_inactive"


async def test_the_two_workspaces_share_no_person_and_no_channel(slack: Slack) -> None:
    home = await slack.look("state")
    async with slack.session.get(f"{slack.base}/team/{SECOND}/local/state") as response:
        other = await response.json()
    for kind in ("users", "channels", "usergroups"):
        ids = [{each["id"] for each in state[kind]} - {"USLACKBOT"} for state in (home, other)]
        assert ids[0].isdisjoint(ids[1])
    assert (home["bot_user"], other["bot_user"]) == ("U0GAVEL001", "U0GAVEL002")
    assert ADA in {user["id"] for user in home["users"]}
