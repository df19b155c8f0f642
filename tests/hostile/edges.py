"""Every parser at the edge: what reads words, JSON or bytes of somebody else, and what it may answer to nonsense.

`test_every_parser.py` feeds each of them, and finds the ones that are missing here: a module that decodes something is
an edge, or reads only what Gavel wrote itself, and must say which.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mcp_types import CallToolResult
from mcp_types import Tool as WireTool
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload

from agents.intake import said_in, split_mode
from agents.orchestrator.chat import ModelError
from agents.orchestrator.images import Image, ImageRefused
from bot.advisories.dump import DumpLimits, UnreadableDump, records_of
from bot.alerts.edited import said_by_edit
from bot.alerts.parse import notice_of
from bot.alerts.volatile import without_values
from bot.alerts.webhook import digest_of_header
from bot.alerts.webhook_body import received
from bot.attachments.recognising import FileRefused, recognise
from bot.blocks.actions import AnswerValue, ButtonValue, FeedbackValue, MalformedButton, RunButton
from bot.blocks.ask import ABOUT_FORM
from bot.blocks.edit_button import EditButton, Parameters
from bot.delegations.desk import NotLent, until_of
from bot.evals.cases import CaseError, load_cases
from bot.evals.meter import as_json
from bot.ledger.export import verify_export
from bot.listeners.ask_form import asked_in
from bot.listeners.ask_where import About
from bot.listeners.asking import UnknownMode, split_option
from bot.listeners.card_form import CardForm, MalformedForm
from bot.listeners.events import attached
from bot.permits.wishes import request_in
from bot.policy_review import ReviewError, read_json
from bot.redacted_answers import redacted_answer
from bot.redaction import redact
from bot.settings_base import parse_json, split_pairs
from bot.settings_errors import SettingsError, read_yaml
from bot.settings_values import decode_key
from bot.telemetry.trace_headers import CarrierConverter
from bot.usage.since import since_when
from policies.tenant_bundle import TenantPoliciesError, read_tenant
from prompts.library import PromptError, PromptLibrary
from tests.hostile import scripted
from tools.advisories.osv import NotOsv, read_record
from tools.advisories.osv import parse_json as parse_osv
from tools.base import ToolError
from tools.connectors.qlrf.client import read_answer
from tools.connectors.qlrf.errors import QlrfError
from tools.connectors.qlrf.wire import WireAsset, read_object, rows_in, total_in
from tools.contracts.common import JsonObject
from tools.contracts.outputs import read_plan, read_report
from tools.mcp.definition import defined
from tools.mcp.names import plain
from tools.mcp.result import output_of
from tools.mcp.schema import SchemaRefused, taken
from tools.mcp.stdio import message_in
from tools.tokens import facts_in, words_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEY = b"k" * 32
BOT = "U0GAVEL001"
Refusals = tuple[type[Exception], ...]


@dataclass(frozen=True)
class Words:
    """Reads text. `like`: what is right, or nearly: the fuzz begins there."""

    module: str
    read: Callable[[str], object]
    like: Sequence[str]
    raises: Refusals = ()


@dataclass(frozen=True)
class Shapes:
    """Reads JSON that was decoded already. `keys`: those that it looks for."""

    module: str
    read: Callable[[JsonObject], object]
    keys: Sequence[str]
    like: Sequence[JsonObject] = ()
    raises: Refusals = ()
    public: bool = False
    """Its refusals may quote it: anybody may read it, or whoever is refused wrote it into a file of theirs."""


@dataclass(frozen=True)
class Bytes:
    module: str
    read: Callable[[bytes], object]
    like: Sequence[bytes]
    raises: Refusals = ()
    public: bool = False
    """As :attr:`Shapes.public`."""


def _in_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """`read` gets the file; where it is of a folder, its parent is that."""

    def from_bytes(data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_bytes(data)
            return read(file)

    return from_bytes


def _zipped(data: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a.json", data)
        return file.read_bytes()


_SLACK = ("text", "blocks", "attachments", "fields", "title", "value", "bot_id", "user", "ts", "message", "edited")
_OSV = (
    b'{"id": "CVE-1", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": {"name": "a", "ecosystem": "npm"}}]}'
)
_DUMP = DumpLimits(100_000, 100_000, 1_000_000, 10)

WORDS: dict[str, Words] = {
    "a request's mode": Words("agents/intake.py", split_mode, ["council: why?", "auto: x", "why?"]),
    "a part of a request": Words("agents/intake.py", lambda text: said_in(text, text), ["patch web-01"]),
    "a slash command's mode": Words(
        "bot/listeners/asking.py", split_option, ["--mode council why?", "--mode x", "why?"], (UnknownMode,)
    ),
    "a button": Words("bot/blocks/actions.py", ButtonValue.decode, ['{"v":1,"t":"x","r":1}'], (MalformedButton,)),
    "an answer's button": Words("bot/blocks/actions.py", AnswerValue.decode, ['{"v":1,"t":"x"}'], (MalformedButton,)),
    "a run's button": Words("bot/blocks/actions.py", RunButton.decode, ['{"v":1,"t":"x","r":1}'], (MalformedButton,)),
    "a vote's button": Words("bot/blocks/actions.py", FeedbackValue.decode, ['{"v":1,"y":1}'], (MalformedButton,)),
    "the edit button": Words("bot/blocks/edit_button.py", EditButton.decode, ['["{}","{}"]'], (MalformedButton,)),
    "a plan's parameters": Words(
        "bot/blocks/edit_button.py", Parameters.decode, ["[1,2,3.5,4,[]]"], (MalformedButton,)
    ),
    "a trace's header": Words(
        "bot/telemetry/trace_headers.py",
        lambda text: CarrierConverter().from_payloads(
            [Payload(metadata={"encoding": b"json/plain"}, data=text.encode(errors="surrogatepass"))]
        ),
        [f'{{"traceparent":"00-{"a" * 32}-{"b" * 16}-01"}}', '{"tracestate":"a=b","baggage":"c=d"}'],
    ),
    "a form's metadata": Words(
        "bot/listeners/card_form.py",
        lambda text: CardForm.decode(text, purpose="reject", key=KEY),
        ['{"purpose":"reject","org":"T0","mac":""}'],
        (MalformedForm,),
    ),
    "what a form is about": Words(
        "bot/listeners/ask_where.py", About.decode, ['{"c":"C","t":"1.1","q":"x"}'], (ValueError,)
    ),
    "until when a role is lent": Words(
        "bot/delegations/desk.py",
        lambda text: until_of(*_two(text), now=NOW),
        ["for 3d", "for 8h", "until 2026-12-01", "until 2026-12-01T18:00Z", "until 0001-01-01T00:00+14:00"],
        (NotLent,),
    ),
    "since when": Words(
        "bot/usage/since.py", lambda text: since_when(text, now=NOW), ["7d", "12h", "2026-11-01"], (ValueError,)
    ),
    "a model's answer": Words(
        "agents/orchestrator/structured.py",
        scripted.votes_in,
        ['{"votes": []}', '```json\n{"votes": []}\n```', '{"votes": [{"claim_id": "c1", "vote": "agree"}]}'],
        (ModelError,),
    ),
    "a model's JSON": Words("bot/evals/meter.py", as_json, ['{"a": 1}', "```json\n{}\n```"]),
    "an image's URL": Words(
        "agents/orchestrator/images.py", Image.of_data_url, ["data:image/png;base64,iVBORw0KGgo="], (ImageRefused,)
    ),
    "figures in a text": Words("tools/tokens.py", facts_in, ["1,234.5 of 12 %, CVE-2026-1"]),
    "words of a text": Words("tools/tokens.py", words_of, ["web-01 has 3"]),
    "a model's answer, redacted": Words(
        "bot/redacted_answers.py", redacted_answer, ['{"a": "password=hunter2"}', "```json\n{}\n```", "\\u0041KIA"]
    ),
    "text with a secret": Words("bot/redaction.py", redact, ["password=hunter2", "https://u:p@h/"]),
    "an alert's words": Words(
        "bot/alerts/volatile.py", without_values, ["disk 91 % at 12:03, request 4bf92f3577b34da6"]
    ),
    "an Authorization header": Words("bot/alerts/webhook.py", digest_of_header, ["Bearer x", "Basic eDp5"]),
    "a setting in JSON": Words("bot/settings_base.py", parse_json, ['{"a": 1}', "[1]"], (ValueError,)),
    "a setting of pairs": Words("bot/settings_base.py", split_pairs, ["a=b,c=d"], (ValueError,)),
    "what an MCP server calls something": Words(
        "tools/mcp/names.py", lambda text: plain(text, at_most=80), ["find lines"]
    ),
    "a key": Words("bot/settings_values.py", decode_key, ["ab" * 32, "QUJD" * 11], (ValueError,)),
}

SHAPES: dict[str, Shapes] = {
    "an alert's message": Shapes("bot/alerts/posted.py", notice_of, _SLACK, [{"text": "[FIRING:1] x"}]),
    "an alert's JSON": Shapes(
        "bot/alerts/adapters/cloudwatch.py",
        notice_of,
        _SLACK,
        [{"text": '{"AlarmName": "a", "NewStateValue": "ALARM", "Region": "x"}'}],
    ),
    "an alert's edit": Shapes(
        "bot/alerts/edited.py",
        lambda event: said_by_edit(event, bot_user=BOT, now=lambda: NOW),
        (*_SLACK, "previous_message", "subtype"),
        [{"message": {"bot_id": "B1", "ts": "1.1", "text": "ok"}, "previous_message": {"text": "x"}, "ts": "2.1"}],
    ),
    "what a person wants": Shapes(
        "bot/permits/wishes.py",
        lambda body: request_in(body, bot_user=BOT),
        (
            "type",
            "command",
            "text",
            "user",
            "channel",
            "id",
            "actions",
            "action_id",
            "view",
            "callback_id",
            "event",
            "c",
        ),
        [
            {"command": "/gavel", "text": "mode council", "user_id": "U1"},
            {"type": "block_actions", "actions": [{"action_id": "gavel.approve"}]},
            {"type": "event_callback", "event": {"type": "app_mention", "user": "U1"}},
            *(
                {"type": "view_submission", "view": {"callback_id": ABOUT_FORM, "private_metadata": said}}
                for said in ('{"c": "C1"}', "{", '{"c":' * 20_000)
            ),
        ],
    ),
    "a message's files": Shapes(
        "bot/listeners/events.py", attached, ("files", "id"), [{"files": [{"id": "F0AAAAAAA"}]}]
    ),
    "a form that was sent": Shapes(
        "bot/listeners/ask_form.py",
        asked_in,
        ("state", "values", "value", "selected_option"),
        [{"state": {"values": {}}}],
    ),
    "a plan": Shapes(
        "tools/contracts/outputs/__init__.py", read_plan, ("kind", "phases"), [{"kind": "patch"}], (ValidationError,)
    ),
    "a report": Shapes(
        "tools/contracts/outputs/__init__.py", read_report, ("kind", "claims"), [{"kind": "drift"}], (ValidationError,)
    ),
    "an advisory": Shapes(
        "tools/advisories/osv.py", read_record, ("id", "modified", "affected"), [], (NotOsv,), public=True
    ),
    "an asset": Shapes(
        "tools/connectors/qlrf/wire.py",
        lambda value: read_object(WireAsset, value, "GET /x"),
        ("id", "name", "site", "state"),
        [],
        (QlrfError,),
    ),
    "an MCP tool's parameters": Shapes(
        "tools/mcp/schema.py",
        lambda schema: taken({"type": "object", **schema}),
        ("type", "properties", "items", "anyOf", "$ref", "$defs", "enum", "pattern", "required", "minimum"),
        [
            {
                "properties": {"a": {"type": "string", "pattern": "^a+$"}, "b": {"$ref": "#/$defs/c"}},
                "$defs": {"c": {}},
            },
            {"properties": {"a": {"items": {"enum": ["x", 1, None]}}}, "additionalProperties": False},
        ],
        (SchemaRefused,),
    ),
    "an MCP tool": Shapes(
        "tools/mcp/definition.py",
        lambda said: defined(WireTool.model_validate({"name": "a", "inputSchema": {"type": "object"}, **said})),
        ("name", "title", "description", "inputSchema", "outputSchema", "annotations", "readOnlyHint", "type"),
        [{"description": "Finds.", "annotations": {"readOnlyHint": True}}],
        (ValidationError,),
        public=True,
    ),
    "an MCP tool's answer": Shapes(
        "tools/mcp/result.py",
        lambda said: output_of(CallToolResult.model_validate(said)),
        ("content", "type", "text", "structuredContent", "isError", "uri", "resource"),
        [
            {"content": [{"type": "text", "text": '{"a": 1}'}], "structuredContent": {"a": 1}},
            {"content": [{"type": "text", "text": "no"}], "isError": True},
        ],
        (ValidationError, ToolError),
        public=True,
    ),
    "a page of rows": Shapes(
        "tools/connectors/qlrf/wire.py",
        lambda value: (rows_in(value, "assets", "GET /x"), total_in(value, "GET /x")),
        ("assets", "total", "count", "data"),
        [{"assets": [], "total": 1}],
        (QlrfError,),
    ),
}

BYTES: dict[str, Bytes] = {
    "the webhook's body": Bytes(
        "bot/alerts/webhook_body.py",
        lambda body: received(body, now=lambda: NOW),
        [b'{"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "x"}}]}', b"{}"],
    ),
    "a file of a message": Bytes(
        "bot/attachments/recognising.py",
        lambda data: recognise(data, most_text_bytes=10_000),
        [b"\x89PNG\r\n\x1a\n", b"plain text", b"GIF89a"],
        (FileRefused,),
    ),
    "an advisory's JSON": Bytes("tools/advisories/osv.py", parse_osv, [_OSV], (NotOsv,)),
    "a dump of advisories": Bytes(
        "bot/advisories/dump.py",
        _in_file("dump", lambda file: list(records_of(file, _DUMP))),
        [_OSV, b"[" + _OSV + b"]", _OSV + b"\n" + _OSV, _zipped(_OSV)],
        (UnreadableDump,),
    ),
    "the estate's answer": Bytes(
        "tools/connectors/qlrf/client.py", lambda raw: read_answer(raw, "GET /x"), [b'{"assets": []}'], (QlrfError,)
    ),
    "an MCP server's line": Bytes(
        "tools/mcp/stdio.py",
        message_in,
        [b'{"jsonrpc": "2.0", "id": 1, "result": {"tools": []}}', b'{"jsonrpc": "2.0", "method": "notifications/x"}'],
    ),
    "gavel.yaml": Bytes(
        "bot/settings_errors.py", _in_file("gavel.yaml", read_yaml), [b"alerts: {channels: [a]}\n"], (SettingsError,)
    ),
    "a file of cases": Bytes(
        "bot/evals/cases.py",
        _in_file("a.yaml", lambda file: load_cases(file.parent)),
        [b"cases:\n  - id: a\n    request: x\n"],
        (CaseError,),
    ),
    "a prompt": Bytes(
        "prompts/library.py",
        _in_file("a.md", lambda file: PromptLibrary(file.parent)),
        [b"---\nid: a\nversion: 1.0.0\n---\nsystem\n--- user ---\n{{ x }}\n"],
        (PromptError,),
    ),
    "an org's policies": Bytes(
        "policies/tenant_bundle.py",
        _in_file("a.rego", lambda file: read_tenant("acme", file.parent)),
        [b"package ql.tenants.acme.approval\n\ndefault allow := false\n"],
        (TenantPoliciesError,),
        public=True,
    ),
    "data for a review": Bytes("bot/policy_review.py", _in_file("a.json", read_json), [b'{"a": 1}'], (ReviewError,)),
    "an export of the ledger": Bytes(
        "bot/ledger/export.py",
        _in_file("a.jsonl", lambda file: verify_export(file, key=KEY)),
        [b'{"kind": "header"}\n'],
    ),
}

OURS: dict[str, str] = {
    "bot/advisories/store.py": "rows that the import wrote after it read the records",
    "bot/answers.py": "sealed with our key, or not read",
    "bot/attachments/store.py": "sealed with our key, or not read",
    "bot/judgements.py": "entries of the ledger",
    "bot/keystore/checking.py": "what one process of ours tells another",
    "bot/keystore/sealing.py": "sealed with our key, or not read",
    "bot/ledger/anchor.py": "signed with our key, or not read",
    "bot/ledger/bodies.py": "bodies of the ledger, which hold to their digest",
    "bot/ledger/changes.py": "entries of the ledger",
    "bot/ledger/cli.py": "entries of the ledger",
    "bot/ledger/exported.py": "an export that was verified before",
    "bot/ledger/freezes.py": "entries of the ledger",
    "bot/ledger/ledger.py": "entries of the ledger",
    "bot/ledger/results.py": "entries of the ledger",
    "bot/ledger/task_index.py": "rows that the ledger wrote",
    "bot/policy_desk.py": "entries of the ledger",
    "bot/tenants/sealing.py": "sealed with our key, or not read",
    "bot/tools_cli.py": "an operator's own words on their own terminal",
    "bot/workflows/codec.py": "sealed with our key, or not read",
    "bot/workflows/parking.py": "sealed with our key, or not read",
    "bot/workflows/activities/triage_of.py": "entries of the ledger",
    "bot/workflows/activities/understanding.py": "a step's own result",
    "agents/orchestrator/cache.py": "sealed with our key, or not read",
    "agents/orchestrator/providers/capabilities.py": "a file of litellm's package",
    "agents/orchestrator/providers/ollama.py": "an Ollama on this machine; any error is none there",
    "agents/specialists/investigation.py": "a result that the dispatcher held to its schema",
    "policies/bundle.py": "a file of ours",
    "policies/checks/actions.py": "a result that the dispatcher held to its schema",
    "policies/opa_held.py": "the OPA that is configured; what cannot be read is a refusal",
    "policies/regorus_engine.py": "what regorus answers in this process",
}


def _two(text: str) -> tuple[str, str]:
    word, _, rest = text.partition(" ")
    return word, rest
