"""`manifest.yml` declares exactly what the code uses: a scope, event or shortcut too many fails, as one too few."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from bot.listeners.assistant import PROMPTS
from bot.local.slack.seed import DEFAULT_MANIFEST, manifest_from
from bot.settings import SlackSettings
from bot.surfaces import GLOBAL_SHORTCUT, MESSAGE_SHORTCUT
from bot.tenants.scopes import SCOPES as SCOPES_ASKED_FOR
from tests.unit.runtime.manifest_rules import COMMANDS_SCOPE, EVENTS, SCHEMA, SCOPES
from tools.contracts.common import JsonObject

ROOT = Path(__file__).parents[3]
PATH = ROOT / "manifest.yml"

_METHOD = re.compile(
    r"(?:admin|api|apps|assistant|auth|bookmarks|bots|calls|canvases|chat|conversations|dialog|dnd|emoji|files|functions"
    r"|migration|oauth|openid|pins|reactions|reminders|rtm|search|slackLists|stars|team|tooling|usergroups|users|views"
    r"|workflows)(?:\.[a-zA-Z]+)+"
)
"""How every method of the Web API is called."""


def manifest() -> JsonObject:
    return yaml.safe_load(PATH.read_text())


def nodes() -> Iterator[ast.AST]:
    """Of all code that runs against a workspace: not of the one that plays it."""
    for path in sorted((ROOT / "bot").rglob("*.py")):
        if "local" not in path.relative_to(ROOT / "bot").parts[:1]:
            yield from ast.walk(ast.parse(path.read_text()))


def methods() -> set[str]:
    """Every method that is named anywhere. All calls go through `api_call`, which takes the name."""
    named = {node.value for node in nodes() if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {name for name in named if _METHOD.fullmatch(name)}


def registered(kind: str) -> list[ast.expr]:
    """What `bolt.<kind>(…)` is called with."""
    return [
        node.args[0]
        for node in nodes()
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == kind
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "bolt"
    ]


def words(kind: str) -> set[str]:
    return {str(node.value) for node in registered(kind) if isinstance(node, ast.Constant)}


def heard() -> set[str]:
    found = words("event")
    return found | ({"assistant"} if registered("assistant") else set())


def needed() -> set[str]:
    scopes = {scope for method in methods() for scope in SCOPES[method]}
    scopes |= {scope for name in heard() for each in EVENTS[name].values() for scope in each}
    return scopes | {COMMANDS_SCOPE}


def test_every_method_event_and_surface_that_the_code_uses_is_one_that_is_known_here() -> None:
    assert methods() <= set(SCOPES), "write down which scopes the method needs, by its page in Slack's reference"
    assert heard() <= set(EVENTS), "write down which subscription brings the event, and the scopes it needs"
    # Slack's client has a Python method for each as well: a call by it would not be seen.
    by_name = {name.replace(".", "_") for name in SCOPES}
    called = {node.attr for node in nodes() if isinstance(node, ast.Attribute)}
    assert called & by_name == set()


def test_the_scopes_are_those_that_are_needed_and_no_more() -> None:
    declared = manifest()["oauth_config"]["scopes"]["bot"]
    assert declared == sorted(needed())
    assert list(manifest()["oauth_config"]["scopes"]) == ["bot"]
    assert list(SCOPES_ASKED_FOR) == declared, "a workspace that installs the app is asked for the same"


def test_the_events_are_those_that_are_heard_and_no_more() -> None:
    wanted = {subscription for name in heard() for subscription in EVENTS[name]}
    assert manifest()["settings"]["event_subscriptions"]["bot_events"] == sorted(wanted)


def test_the_commands_and_shortcuts_are_those_that_are_answered() -> None:
    features = manifest()["features"]
    assert {command["command"] for command in features["slash_commands"]} == words("command")
    declared = {(each["type"], each["callback_id"]) for each in features["shortcuts"]}
    assert declared == {("global", GLOBAL_SHORTCUT), ("message", MESSAGE_SHORTCUT)}
    assert len(registered("global_shortcut")) == 1
    assert len(registered("message_shortcut")) == 1


def test_the_tabs_the_pane_and_the_forms_are_declared_where_they_are_used() -> None:
    features, settings = manifest()["features"], manifest()["settings"]
    assert features["app_home"]["home_tab_enabled"] == ("app_home_opened" in heard())
    assert features["app_home"]["messages_tab_enabled"]
    assert not features["app_home"]["messages_tab_read_only_enabled"]
    assert ("assistant_view" in features) == ("assistant" in heard())
    assert settings["interactivity"]["is_enabled"] == bool(registered("view") or registered("action"))
    assert len(PROMPTS) <= 4


def test_the_domains_are_those_whose_links_get_cards() -> None:
    assert manifest()["features"]["unfurl_domains"] == [urlsplit(SlackSettings().task_url).hostname]
    assert "link_shared" in heard()


def test_slack_takes_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(manifest(), SCHEMA)


WRONG: list[tuple[str, str]] = [
    ("name: Ask Gavel about this", f"name: {'x' * 25}"),
    ("type: global", "type: channel"),
    ("command: /gavel", "command: gavel"),
    ("- gavel.example.com", "- https://gavel.example.com"),
    ("description: An LLM council", f"description: {'x' * 141}"),
    ("  name: Gavel\n", "  name: Gavel\n  nickname: x\n"),
    ("- app_mentions:read", "- App Mentions"),
    ("    is_enabled: true", "    is_enabled: perhaps"),
]


@pytest.mark.parametrize(("said", "instead"), WRONG)
def test_what_slack_refuses_is_refused_here(said: str, instead: str) -> None:
    text = PATH.read_text()
    assert said in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text.replace(said, instead, 1)), SCHEMA)


def test_the_local_workspace_lets_the_app_do_at_least_that() -> None:
    real = manifest_from(PATH)
    assert real.scopes <= DEFAULT_MANIFEST.scopes
    assert real.events == DEFAULT_MANIFEST.events
    assert real.commands == DEFAULT_MANIFEST.commands
    assert real.shortcuts == DEFAULT_MANIFEST.shortcuts
    assert real.unfurl_domains == DEFAULT_MANIFEST.unfurl_domains
