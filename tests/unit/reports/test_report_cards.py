"""The cards of real reports: what only that kind of report has is on them, and hostile text in it does nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agents.orchestrator.chat import Member
from agents.orchestrator.litellm_client import LiteLLMClient
from agents.specialists.base import AgentOutcome
from agents.specialists.compliance import ComplianceAgent
from agents.specialists.cost import CostAgent
from agents.specialists.incident import IncidentAgent
from agents.specialists.security import SecurityAgent
from agents.specialists.specialist import SpecialistAgent
from bot.advisories.store import SqlAdvisories
from bot.blocks.message import Message
from bot.blocks.report import ReportCard, report_card
from bot.blocks.triage import Before, Triage
from tests.unit.agents.bench import ORG
from tests.unit.blocks.rules import assert_fits, assert_harmless, texts
from tests.unit.blocks.slack_types import assert_message_taken
from tests.unit.reports.bench import opened, task_of
from tools.contracts.verdict import GateReport

HOSTILE = "<!channel> *click* <https://evil.example|here> `x`\u202e"


def card_of(outcome: AgentOutcome) -> Message:
    assert outcome.report is not None
    gates = GateReport(plan_digest="sha256:0", policy_digest=None, results=[], requirement=None, subject="report")
    before = Before(datetime(2026, 11, 1, tzinfo=UTC), HOSTILE, HOSTILE, HOSTILE)
    card = ReportCard(
        outcome.report,
        "incident",
        gates,
        outcome.council,
        triage=Triage(HOSTILE, [before] * 9, [HOSTILE], [HOSTILE]),
        cost_usd=None,
        answers_usd=None,
        simulated=True,
    )
    made = report_card(card)
    assert_message_taken(made)
    return made


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (
            IncidentAgent,
            [
                "Is it real?*  Yes",
                "What changed",
                "Likely cause",
                "Seen before",
                "Page",
                "Timeline",
                "Not named as the cause",
                "Blast radius",
                "first error",
            ],
        ),
        (SecurityAgent, ["Exposed", "Blast radius", "Compared with"]),
        (ComplianceAgent, ["Frameworks", "Measured now", "Evidence on file"]),
        (CostAgent, ["Largest savings", "Billed"]),
    ],
)
async def test_what_only_this_kind_of_report_has_is_on_its_card(
    tmp_path: Path,
    model_client: LiteLLMClient,
    members: list[Member],
    advisories: SqlAdvisories,
    agent: type[SpecialistAgent],
    said: list[str],
) -> None:
    async with opened(tmp_path, agent, model_client, members, seed=7, advisories=advisories) as desk:
        for statement in (
            "UPDATE logs SET message = ? WHERE org_id = ?",
            "UPDATE change_events SET summary = ? WHERE org_id = ?",
            "UPDATE listeners SET service = ? WHERE org_id = ?",
            "UPDATE controls SET title = ? WHERE org_id = ?",
        ):
            desk.alter(statement, HOSTILE, ORG)
        card = card_of(await desk.work(task_of(agent)))
    assert_fits(card)
    written = [text for block in card.blocks for _, text in texts(block)]
    for text in written:
        assert_harmless(text)
    for words in said:
        assert any(words in text for text in written), words
