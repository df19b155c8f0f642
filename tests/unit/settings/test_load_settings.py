"""Settings are read from the environment and gavel.yaml, and a mistake is one clear line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agents.orchestrator.escalation import EscalationRules
from agents.orchestrator.routing import RoutingRules
from bot.local.demo_run import demo_settings
from bot.settings import Settings, SettingsError, load_settings

PREFIXES = ("SLACK_", "TEMPORAL_", "OPA_", "REDIS_", "DATABASE_", "LLM_", "GAVEL_")
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def in_empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def lines() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return caught.value.lines


def test_nothing_configured_gives_the_defaults_of_the_adr(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.council.min_providers == 3
    assert settings.council.consensus_threshold == 0.7
    assert settings.council.include_dissent
    assert settings.llm.mode == "auto"
    assert settings.alerts.channels == ["alerts"]
    assert settings.slack.host == "127.0.0.1"
    assert settings.data_dir == tmp_path / ".gavel"
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/.gavel/gavel.db"
    assert settings.anchor_dir == tmp_path / ".gavel" / "anchors"
    assert not settings.slack.configured
    assert settings.roles.explicit is None


def test_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gavel.yaml").write_text("temporal: {address: 'a.example:7233', namespace: from-file}\n")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "b.example:7233")
    settings = load_settings()
    assert settings.temporal.address == "b.example:7233"
    assert settings.temporal.namespace == "from-file"


def test_gavel_config_names_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.yaml").write_text("llm: {mode: council}\n")
    monkeypatch.setenv("GAVEL_CONFIG", "other.yaml")
    assert load_settings().llm.mode == "council"
    monkeypatch.setenv("GAVEL_CONFIG", "absent.yaml")
    assert lines() == ("GAVEL_CONFIG: got 'absent.yaml'; it must name a file that exists",)


def test_an_empty_section_and_an_empty_variable_count_as_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gavel.yaml").write_text("slack:\ntemporal:\n")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "")
    assert not load_settings().slack.configured


def test_lists_are_comma_separated_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAVEL_ALERTS_CHANNELS", "alerts, pager ,C012")
    monkeypatch.setenv("GAVEL_ROLES_APPROVER", "U1,U2")
    settings = load_settings()
    assert settings.alerts.channels == ["alerts", "pager", "C012"]
    explicit = settings.roles.explicit
    assert explicit is not None
    assert explicit["approver"] == {"U1", "U2"}
    assert explicit["admin"] == frozenset()


def test_database_url_gets_an_async_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://gavel:pw@db/gavel")
    assert load_settings().database_url == "postgresql+asyncpg://gavel:pw@db/gavel"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SLACK_MODE", "sockets", "SLACK_MODE: got 'sockets'; must be 'socket' or 'http'"),
        ("SLACK_PORT", "99999", "SLACK_PORT: got '99999'; must be less than or equal to 65535"),
        (
            "LLM_MODE",
            "vote",
            "LLM_MODE: got 'vote'; must be 'auto', 'single', 'aggregation' or 'council'",
        ),
        ("TEMPORAL_TLS", "perhaps", "TEMPORAL_TLS: got 'perhaps'; must be true or false"),
        (
            "TEMPORAL_ADDRESS",
            "https://x:7233",
            "TEMPORAL_ADDRESS: got 'https://x:7233'; must be host:port, e.g. temporal.example.com:7233, "
            "without a scheme",
        ),
        (
            "GAVEL_COUNCIL_CONSENSUS_THRESHOLD",
            "70%",
            "GAVEL_COUNCIL_CONSENSUS_THRESHOLD: got '70%'; must be a number",
        ),
        ("OPA_URL", "opa:8181", "OPA_URL: got 'opa:8181'; must be a URL of the form http://host[:port]"),
        (
            "LLM_MEMBERS",
            "claude",
            "LLM_MEMBERS: got 'claude'; must be JSON, or go into gavel.yaml",
        ),
    ],
)
def test_a_bad_variable_is_one_line_with_key_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(name, value)
    assert lines() == (expected,)


def test_an_unknown_key_in_the_file_suggests_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text("council: {min_provider: 2}\n")
    assert lines() == ("council.min_provider in gavel.yaml: unknown key; did you mean min_providers?",)


def test_an_unknown_key_of_a_member_is_named_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text("llm: {members: [{name: A, model: m/x, famly: y}]}\n")
    assert lines() == ("llm.members[0].famly in gavel.yaml: unknown key; did you mean family?",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GAVEL_SECRET_KEY", "hunter2-hunter2"),
        ("REDIS_URL", "http://:hunter2@redis"),
        ("DATABASE_URL", "mysql://gavel:hunter2@db/x"),
        ("SLACK_API_URL", "https://u:hunter2@slack.example"),
        ("SLACK_MODE", "xoxb-hunter2"),
        ("OPA_URL", "opa://u:hunter2@opa"),
    ],
)
def test_a_secret_is_never_in_the_message(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    (line, *_) = lines()
    assert line.startswith(f"{name}: got a value of {len(value)} characters;")
    assert "hunter2" not in line


def test_a_secret_under_an_unknown_key_or_in_broken_yaml_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "gavel.yaml"
    file.write_text("slack: {bot_tokn: hunter2}\n")
    assert "hunter2" not in lines()[0]
    file.write_text("slack: {bot_token: 'hunter2\n")
    assert "gavel.yaml line" in lines()[0]
    assert "hunter2" not in lines()[0]


def test_secrets_are_not_in_the_printed_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hunter2")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@db/x")
    assert "hunter2" not in repr(load_settings())


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text("opa: {}\nopa: {}\n")
    assert lines() == ("gavel.yaml line 2: the key 'opa' is there twice; the file must be YAML",)


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text("- slack\n")
    assert lines() == ("gavel.yaml: got a list; the top must be a mapping of names",)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_APP_TOKEN is not"),
        ({"SLACK_API_URL": "http://127.0.0.1:1/api/"}, "SLACK_BOT_TOKEN is not"),
        ({"SLACK_MODE": "http", "SLACK_BOT_TOKEN": "xoxb-1"}, "SLACK_SIGNING_SECRET is not"),
    ],
)
def test_half_of_the_slack_credentials_is_refused(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert missing in lines()[0]


def test_swapped_slack_tokens_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xapp-1")
    monkeypatch.setenv("SLACK_APP_TOKEN", "xoxb-1")
    assert lines() == ("SLACK_BOT_TOKEN starts with xapp-, which is the other token; use xoxb-…",)


def test_api_key_turns_tls_on_and_cannot_go_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "x.example:7233")
    monkeypatch.setenv("TEMPORAL_API_KEY", "k")
    assert load_settings().temporal.use_tls
    monkeypatch.setenv("TEMPORAL_TLS", "false")
    assert "need TLS" in lines()[0]


def test_a_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "x.example:7233")
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", "cert.pem")
    assert "go together" in lines()[0]


def test_every_mistake_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_MODE", "x")
    monkeypatch.setenv("SLACK_MODE", "x")
    monkeypatch.setenv("OPA_URL", "x")
    assert len(lines()) == 3


def test_the_demo_never_reaches_what_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "TEMPORAL_ADDRESS": "x.example:7233",
        "OPA_URL": "http://opa.example",
        "REDIS_URL": "redis://redis.example",
        "DATABASE_URL": "postgresql://db.example/x",
        "GAVEL_SECRET_KEY": KEY,
        "LLM_PROVIDER": "claude",
        "GAVEL_LEDGER_ANCHOR_DIR": "/elsewhere",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "gavel.yaml").write_text("not: {a: setting}\n")
    settings = demo_settings(data_dir=tmp_path / "demo", seed=7, mode="council")
    assert not settings.slack.configured
    assert settings.slack.api_url == "https://slack.com/api/"
    assert settings.temporal.address is None
    assert settings.opa.url is None
    assert settings.redis.url is None
    assert settings.database.url is None
    assert settings.secret_key is None
    assert (settings.llm.provider, settings.llm.mode) == ("rehearsal", "council")
    assert settings.anchor_dir == tmp_path / "demo" / "anchors"
    assert settings.estate.seed == 7


def test_every_part_of_an_embedded_tree_has_its_default(tmp_path: Path) -> None:
    expected = load_settings().model_dump(exclude={"data_dir", "llm"})
    assert Settings.embedded(data_dir=tmp_path).model_dump(exclude={"data_dir", "llm"}) == expected


def test_the_estate_is_the_sample_unless_a_service_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load_settings().estate.configured
    monkeypatch.setenv("GAVEL_ESTATE_KIND", "qlrf")
    monkeypatch.setenv("GAVEL_ESTATE_URL", "https://qlrf.example.com/")
    monkeypatch.setenv("GAVEL_ESTATE_TOKEN", "a-secret-token")
    monkeypatch.setenv("GAVEL_ESTATE_ENVIRONMENTS", "3f2a=production, 9b1c=staging,=development")
    estate = load_settings().estate
    assert estate.configured
    assert estate.url == "https://qlrf.example.com"
    assert estate.environments == {"3f2a": "production", "9b1c": "staging", "": "development"}
    assert "a-secret-token" not in repr(estate)


def test_the_estates_environments_are_a_mapping_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text(
        "estate: {kind: qlrf, url: 'http://127.0.0.1:8642', token: t, environments: {3f2a: production}}\n"
    )
    assert load_settings().estate.environments == {"3f2a": "production"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"KIND": "qlrf"}, "GAVEL_ESTATE_URL is not set"),
        ({"KIND": "qlrf", "URL": "https://q.example"}, "GAVEL_ESTATE_TOKEN is not set"),
        ({"URL": "https://q.example"}, "GAVEL_ESTATE_KIND is sample"),
        ({"TOKEN": "a-secret-token"}, "GAVEL_ESTATE_KIND is sample"),
        ({"KIND": "qlrf", "URL": "http://q.example", "TOKEN": "a-secret-token"}, "sent in the clear"),
        ({"KIND": "qlrf", "URL": "https://q.example/api/v1", "TOKEN": "a-secret-token"}, "/api/v1 is added"),
        ({"KIND": "qlrf", "URL": "https://u:p@q.example", "TOKEN": "a-secret-token"}, "user name or password"),
        ({"KIND": "cmdb"}, "'sample' or 'qlrf'"),
        ({"ENVIRONMENTS": "production"}, "name=value"),
        ({"ENVIRONMENTS": "3f2a=prod"}, "GAVEL_ESTATE_ENVIRONMENTS"),
    ],
)
def test_a_mistake_in_the_estates_settings_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], said: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"GAVEL_ESTATE_{name}", value)
    (line,) = lines()
    assert said in line
    assert "a-secret-token" not in line


def test_the_adrs_configuration_works_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ADR-006, configuration."""
    shipped = load_settings()
    assert (shipped.llm.mode, shipped.llm.provider, shipped.llm.primary) == ("auto", None, None)
    council = shipped.council
    assert (council.min_providers, council.consensus_threshold, council.include_dissent) == (3, 0.7, True)
    (tmp_path / "gavel.yaml").write_text(
        "council: {min_providers: 4, consensus_threshold: 0.8, include_dissent: false}\n"
        "llm: {mode: single, provider: openai, primary: openai}\n"
    )
    for name, value in {"LLM_MODE": "council", "LLM_PROVIDER": "azure", "LLM_PRIMARY": "claude"}.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.llm.mode, settings.llm.provider, settings.llm.primary) == ("council", "azure", "claude")
    council = settings.council
    assert (council.min_providers, council.consensus_threshold, council.include_dissent) == (4, 0.8, False)


def test_modes_escalation_and_routing_are_set_by_file_and_by_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gavel.yaml").write_text(
        "modes: {agents: {drift: council}, risks: {critical: council}, orgs: {T0ACME: single}}\n"
        "escalation: {max_assets: 3, risk: high}\n"
        "routing: {reason: Claude, agents: {cost: Gemini}, min_calls: 50}\n"
    )
    monkeypatch.setenv("GAVEL_MODES_CHANNELS", "ops=council,sandbox=single")
    monkeypatch.setenv("GAVEL_ESCALATION_ENVIRONMENTS", "production,staging")
    monkeypatch.setenv("GAVEL_ROUTING_EXPLORE_PERCENT", "10")
    settings = load_settings()
    assert settings.modes.channels == {"ops": "council", "sandbox": "single"}
    assert (settings.modes.agents, settings.modes.orgs) == ({"drift": "council"}, {"T0ACME": "single"})
    assert settings.escalation.rules == EscalationRules(
        environments=frozenset({"production", "staging"}), max_assets=3, risk="high"
    )
    assert settings.routing.rules == RoutingRules(
        explore=0.1, min_calls=50, pins={"reason": "Claude", "cost": "Gemini"}
    )
    monkeypatch.setenv("GAVEL_ROUTING_EXPLORE_PERCENT", "11")
    monkeypatch.setenv("GAVEL_MODES_CHANNELS", "ops=quorum")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "GAVEL_ROUTING_EXPLORE_PERCENT" in str(caught.value)
    assert "GAVEL_MODES_CHANNELS" in str(caught.value)


def test_a_key_that_plain_yaml_would_take_for_no_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "gavel.yaml").write_text("gates: {off: [approval], production: no}\n")
    assert load_settings().gates.off == ["approval"]
    assert load_settings().gates.production is False
