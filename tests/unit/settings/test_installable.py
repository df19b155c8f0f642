"""The settings of an app that workspaces install: all of it, safely, or a sentence that says what is missing."""

from __future__ import annotations

import pytest

from bot.org import org_of
from bot.settings import SettingsError, load_settings
from tests.unit.settings.test_load_settings import in_empty_directory, lines

__all__ = ["in_empty_directory"]

WHOLE = {
    "SLACK_MODE": "http",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "hunter2hunter2",
    "SLACK_SIGNING_SECRET": "s",
    "SLACK_REDIRECT_URL": "https://gavel.example.com/slack/oauth_redirect",
}


def given(patch: pytest.MonkeyPatch, **changed: str | None) -> None:
    for name, value in {**WHOLE, **changed}.items():
        if value is not None:
            patch.setenv(name, value)


def test_it_is_configured_without_any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_INSTALL_TEAMS="T1, E2")
    settings = load_settings()
    assert (settings.slack.configured, settings.slack.distributed, settings.production) == (True, True, True)
    assert settings.slack.install_teams == ["T1", "E2"]
    assert "hunter2" not in repr(settings)


def test_one_token_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    settings = load_settings()
    assert (settings.slack.configured, settings.slack.distributed) == (True, False)


@pytest.mark.parametrize(
    "name", ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_SIGNING_SECRET", "SLACK_REDIRECT_URL"]
)
def test_a_part_of_it_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, **{name: None})
    assert f"{name} is not set; for workspaces to install the app" in lines()[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_CLIENT_ID and SLACK_BOT_TOKEN are both set"),
        ({"SLACK_APP_TOKEN": "xapp-1"}, "SLACK_CLIENT_ID and SLACK_APP_TOKEN are both set"),
        ({"SLACK_MODE": "socket"}, "installing needs http"),
        ({"SLACK_REDIRECT_URL": "http://gavel.example.com/slack/oauth_redirect"}, "must start with https://"),
        ({"SLACK_REDIRECT_URL": "https://gavel.example.com/callback"}, "must end with /slack/oauth_redirect"),
        ({"SLACK_REDIRECT_URL": "https://gavel.example.com/slack/oauth_redirect?x=1"}, "must end with"),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], why: str) -> None:
    given(monkeypatch, **changed)
    assert why in lines()[0]


def test_http_is_for_this_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, SLACK_REDIRECT_URL="http://127.0.0.1:3000/slack/oauth_redirect")
    assert load_settings().slack.distributed


def test_a_list_of_roles_is_for_the_tenant_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, GAVEL_ROLES_ADMIN="U0GRACE001")
    (said,) = lines()
    assert said.startswith("roles (GAVEL_ROLES_…) and SLACK_CLIENT_ID are set but GAVEL_ORG is not;")
    assert "set GAVEL_ORG to its id" in said
    monkeypatch.setenv("GAVEL_ORG", "T012AB3CD")
    settings = load_settings()
    listed = settings.roles_listed_for("T012AB3CD")
    assert listed is not None
    assert listed["admin"] == {"U0GRACE001"}
    assert settings.roles_listed_for("T0OTHER") is None


def test_with_one_token_the_list_holds_without_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-1")
    monkeypatch.setenv("GAVEL_ROLES_ADMIN", "U0GRACE001")
    settings = load_settings()
    listed = settings.roles_listed_for("T0ANY")
    assert listed is not None
    assert listed["admin"] == {"U0GRACE001"}


def test_the_terminal_speaks_for_the_tenant_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch)
    with pytest.raises(SettingsError, match="several workspaces may be installed"):
        org_of(load_settings())
    monkeypatch.setenv("GAVEL_ORG", "T012AB3CD")
    assert org_of(load_settings()) == "T012AB3CD"
