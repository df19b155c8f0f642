"""What is taken out, what stays, and that no text can make it slow or crash."""

from __future__ import annotations

import copy
import json
import string
import sys
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.harmless import is_harmless
from bot.redaction import MAX_DEPTH, redact, redact_json
from bot.secret_rules import HIDDEN, SecretKind

# Put together here so that no scanner takes this file for a leak.
AWS_ID = "AKIA" + "IOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY"
MIXED = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nabc+/=\n-----END RSA PRIVATE KEY-----"

SECRETS: list[tuple[SecretKind, str, str]] = [
    ("aws_access_key", f"key {AWS_ID} leaked", AWS_ID),
    ("aws_secret", f"{AWS_ID} {AWS_SECRET}", AWS_SECRET),
    ("aws_secret", f"aws_secret_access_key = {AWS_SECRET}", AWS_SECRET),
    ("github_token", "clone with ghp_" + "aB3d" * 9, "ghp_" + "aB3d" * 9),
    ("github_token", "github_pat_" + "aB3d" * 20, "aB3d" * 20),
    ("gitlab_token", "glpat-" + MIXED, MIXED),
    ("slack_token", "xoxb-" + "123456789012-" * 2 + MIXED, MIXED),
    ("slack_token", "xapp-1-A012-345-" + "ab12" * 8, "ab12" * 8),
    ("slack_webhook", "https://hooks.slack.com/services/T012345/B012345/" + MIXED, MIXED),
    ("anthropic_key", "sk-ant-api03-" + MIXED, MIXED),
    ("openai_key", "sk-proj-" + MIXED, MIXED),
    ("openai_key", "sk-" + "aB3d" * 12, "aB3d" * 12),
    ("google_key", "AIza" + "aB3dE" * 7, "aB3dE" * 7),
    ("stripe_key", "sk_" + "live_" + MIXED, MIXED),
    ("jwt", "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxIn0" + ".abc-DEF_123", "eyJzdWIiOiIxIn0"),
    ("private_key", f"here: {PEM} thanks", "MIIEowIBAAKCAQEA7"),
    ("private_key", PEM.replace("\n", "\\n"), "MIIEowIBAAKCAQEA7"),
    ("private_key", PEM.split("-----END")[0], "MIIEowIBAAKCAQEA7"),
    ("bearer_token", "Authorization: Bearer abcdef1234567890abcdef", "abcdef1234567890abcdef"),
    ("basic_auth", "authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("url_password", "postgres://app:s3cr3t@db.internal:5432/x", "s3cr3t"),
    ("url_password", "postgres://app:p@ss@db.internal/x", "p@ss"),
    ("password", "password=hunter2", "hunter2"),
    ("password", "DB_PASSWORD: correct-horse", "correct-horse"),
    ("password", 'passwd = "two words"', "two words"),
    ("password", r"{\"password\": \"hunter2\"}", "hunter2"),
    ("password", "the root password is hunter2!", "hunter2"),
    ("token", "token: abcdefgh12345", "abcdefgh12345"),
    ("token", "API_KEY='0123456789abcdef0123456789abcdef'", "0123456789abcdef0123456789abcdef"),
    ("secret", "secret: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("secret", f"the key for staging is {MIXED}", MIXED),
]


@pytest.mark.parametrize(("kind", "text", "secret"), SECRETS)
def test_a_secret_is_replaced_by_its_kind(kind: SecretKind, text: str, secret: str) -> None:
    outcome = redact(text)
    assert secret not in outcome.text
    assert kind in outcome.found
    assert f"[redacted:{kind}]" in outcome.text


@pytest.mark.parametrize("hidden", ["\u200b", "\xad", "\x01", "\r", "\U000e0041"], ids=ascii)
@pytest.mark.parametrize(("kind", "text", "secret"), SECRETS)
def test_a_secret_broken_up_by_what_nobody_sees_goes_too(kind: SecretKind, text: str, secret: str, hidden: str) -> None:
    """Hidden characters are taken out later, before a model or a person sees the text: it would be whole again."""
    for at in (1, len(text) // 2, len(text) - 2):
        outcome = redact(f"{text[:at]}{hidden}{text[at:]}")
        assert secret not in outcome.text.replace(hidden, ""), at
        assert outcome.found, at
    value = {"logs": [{"line": hidden.join(text)}]}
    assert not is_harmless(value, json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    assert secret not in str(redact_json(value).value).replace(hidden, "")


def test_a_name_broken_up_by_what_nobody_sees_names_a_secret_too() -> None:
    value = {"pas\u200bsword": "correct horse battery"}
    assert redact_json(value).found == ["secret"]
    assert not is_harmless(value, json.dumps(value, separators=(",", ":"), ensure_ascii=False))


def test_one_secret_is_not_hidden_by_another() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    outcome = redact(f"{key}\u200bX and pass\u200bword=hunter2")
    assert key not in outcome.text.replace("\u200b", "")
    assert "hunter2" not in outcome.text


def test_all_that_hides_is_known() -> None:
    hiding = {
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in {"Cc", "Cf"} and character not in "\t\n"
    }
    assert {character for character in hiding if not HIDDEN.fullmatch(character)} == set()
    assert not any(HIDDEN.fullmatch(character) for character in "\t\n aZ0é😀" + string.punctuation)


@pytest.mark.parametrize(("kind", "text", "secret"), SECRETS)
def test_it_is_found_inside_a_message_and_inside_json(kind: SecretKind, text: str, secret: str) -> None:
    message = f"hi <@U012AB3CD>, web-01 fails:\n```{text}```\nplease fix"
    assert secret not in redact(message).text
    assert kind in redact_json({"logs": [{"line": text}]}).found


@pytest.mark.parametrize(
    "text",
    [
        "web-prod-eu-01 i-0abcd1234ef567890 ami-0abcdef1234567890 vm-1234 asset key: web-prod-eu-west-1-014",
        "ubuntu-22.04-golden@2024.11.3 image version 1.2.3-rc.1+build.77",
        "sha256:" + "0123456789abcdef" * 4,
        "plan digest key sha256:" + "9f" * 32,
        "C061EG9T2 U012AB3CD T024BE7LD B01234567 1712345678.000100 key T024BE7LD-C061EG9T2-1712345678.000100",
        "550e8400-e29b-41d4-a716-446655440000",
        "idempotency key: 550e8400-e29b-41d4-a716-446655440000",
        "CVE-2024-3094 CVE-2021-44228 GHSA-jfh8-c2jp-5v3q",
        "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "task-T024BE7LD-C061EG9T2-1712345678.000100 risk-assessment-for-production-web-servers",
        "prompt_tokens: 1200, max_tokens=4096, total_tokens 12345678",
        "the password is wrong; password: required; token is missing",
        "tokenization keyboard monkey secretary passwords",
        "the api is at https://user@example.com:8443/path and http://host:80/a@b",
        "rotate the key, then check the token of the bearer",
        "secret: web-tls",
        "the bearer authentication-mechanism is off",
    ],
)
def test_names_of_this_domain_and_plain_words_stay(text: str) -> None:
    assert redact(text).text == text
    assert redact(text).found == []


def test_only_the_secret_goes_and_the_rest_of_the_sentence_stays() -> None:
    outcome = redact("db is postgres://app:s3cr3t@db/x, web-01 down")
    assert outcome.text == "db is postgres://app:[redacted:url_password]@db/x, web-01 down"


def test_json_under_a_secret_name_goes_whole_and_numbers_stay() -> None:
    value = {
        "password": "correct horse",
        "client_secret": ["a", {"b": "c"}],
        "Authorization": "anything",
        "prompt_tokens": 12,
        "token": 7,
        "next_page_token": "abc",
        "ok": True,
        "none": None,
        "password_ok": "yes",
    }
    before = copy.deepcopy(value)
    outcome = redact_json(value)
    assert outcome.value == {
        **before,
        "password": "[redacted:secret]",
        "client_secret": ["[redacted:secret]", {"b": "[redacted:secret]"}],
        "Authorization": "[redacted:secret]",
    }
    assert outcome.found == ["secret"]
    assert value == before


def test_a_secret_in_a_name_goes_too() -> None:
    assert AWS_ID not in str(redact_json({AWS_ID: 1}).value)


def test_json_too_deep_to_look_into_is_not_kept() -> None:
    value: Any = "password=hunter2"
    for _ in range(MAX_DEPTH * 3):
        value = [value]
    outcome = redact_json(value)
    assert outcome.found == ["depth"]
    assert "hunter2" not in str(outcome.value)


PIECES = st.sampled_from(
    [
        *(text for _, text, _ in SECRETS),
        *("password", "token", "key", "secret", "is", "=", ":", ": ", " ", "\n", '"', "\\", "'", "`", "@", "/", "://"),
        *("eyJ", ".", "-", "sk-", "xoxb-", "ghp_", "AKIA", "AIza", "bearer ", "a", "aB3", "[redacted:", "]"),
        *("-----BEGIN ", "PRIVATE KEY-----", "-----END ", "authorization: basic ", "postgres://", "é", "😀", "\x00"),
    ]
)
HOSTILE = st.lists(PIECES, max_size=40).map("".join)


@example(f"{AWS_ID} {AWS_SECRET}glpat-{MIXED}{AWS_ID} {AWS_SECRET}\x00")
@given(HOSTILE)
@settings(max_examples=300, deadline=None)
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact(text).text
    assert redact(once).text == once


@given(st.text(max_size=2000) | HOSTILE)
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_raise_and_nothing_found_means_nothing_changed(text: str) -> None:
    outcome = redact(text)
    assert (outcome.text == text) == (outcome.found == [])


@given(st.lists(PIECES, min_size=1, max_size=6).map("".join))
@settings(max_examples=60, deadline=None)
def test_forty_thousand_characters_of_any_repetition_come_back(piece: str) -> None:
    """With a pattern that backtracks, one of these would not end within the test's timeout."""
    text = (piece * (40_000 // len(piece) + 1))[:40_000]
    redact(text)
    redact(text + "!" + string.ascii_letters)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40) | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12) | PIECES, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_json_keeps_its_shape(value: Any) -> None:
    outcome = redact_json(value)
    assert type(outcome.value) is type(value)
    if not outcome.found:
        assert outcome.value == value


NAMES = st.sampled_from(
    [
        "pass",
        "pass_word",
        "to-ken",
        "tokens",
        "prompt_tokens",
        "a key",
        "AUTH",
        "cookie",
        "COOKİE",
        "cooki\u0307e",
        "credentıal",
        'x"pwd',
        'pass"word',
        "ſecret",
    ]
)
NAMED = st.dictionaries(NAMES | st.text(max_size=12) | PIECES, JSON | st.lists(JSON, max_size=2), max_size=4)


@pytest.mark.parametrize("name", ["COOKİE", "Set-Cookıe", "cooki\u0307e", "credentıal", "CREDENTİALS", "authorızatıon"])
def test_a_name_with_the_other_is_of_turkish_names_a_secret_too(name: str) -> None:
    value = {"headers": {name: "s=abcdef"}}
    assert not is_harmless(value, json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    assert redact_json(value).value == {"headers": {name: "[redacted:secret]"}}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("credentıal: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
        ("CREDENTİAL: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
        ("AUTHORİZATION: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ],
)
@pytest.mark.parametrize("around", ["", "x " * 300])
def test_so_does_text(text: str, secret: str, around: str) -> None:
    assert secret not in redact(around + text).text


@given(NAMED | JSON)
@settings(max_examples=400, deadline=None)
def test_what_is_called_harmless_is_what_redaction_leaves_as_it_is(value: Any) -> None:
    """The ledger keeps it without walking it."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if is_harmless(value, text):
        outcome = redact_json(value)
        assert (outcome.value, outcome.found) == (value, [])


@pytest.mark.parametrize(("kind", "secret", "_"), SECRETS)
def test_no_secret_is_called_harmless(kind: SecretKind, secret: str, _: str) -> None:
    value = {"logs": [{"line": secret}]}
    assert not is_harmless(value, json.dumps(value, separators=(",", ":"), ensure_ascii=False)), kind


def test_nothing_too_deep_to_look_into_is_called_harmless() -> None:
    value: Any = "ok"
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    assert not is_harmless(value, json.dumps(value))


def test_most_of_what_a_task_writes_down_is_harmless() -> None:
    called = {
        "prompt_tokens": 12,
        "cached_tokens": None,
        "model": "claude-sonnet-5-5",
        "risk_level": "low",
        "passed": True,
    }
    assert is_harmless(called, json.dumps(called, separators=(",", ":")))
