"""Which rule answers a request: by the schema it asks for, else by the tools it offers."""

from __future__ import annotations

import json

from bot.local.rehearsal.cases import playing
from bot.local.rehearsal.comparer import compare
from bot.local.rehearsal.conversation import BadRequest, Conversation
from bot.local.rehearsal.detective import next_step
from bot.local.rehearsal.explainer import explain
from bot.local.rehearsal.intake import draft
from bot.local.rehearsal.replies import follow_up
from bot.local.rehearsal.reporter import report
from bot.local.rehearsal.voter import vote
from bot.local.rehearsal.wire import Reply


def answer(conversation: Conversation, *, stubborn: bool = False) -> Reply:
    """What the model says. Raises :class:`BadRequest` for a schema no rule knows."""
    played = playing.case_of(conversation)
    match conversation.schema_name:
        case "TaskDraft":
            return Reply(text=json.dumps(draft(conversation)))
        case "FollowUp":
            return Reply(text=json.dumps(follow_up(conversation)))
        case "Explanation":
            return Reply(text=json.dumps(explain(conversation)))
        case "DriftMemberReport":
            return Reply(text=json.dumps(report(conversation, stubborn=stubborn)))
        case "VoteSheet":
            return Reply(text=json.dumps(vote(conversation) if played is None else playing.vote(played)))
        case "EntailmentSheet":
            return Reply(text=json.dumps(compare(conversation)))
        case None if conversation.tools and conversation.tool_choice != "none":
            return next_step(conversation, stubborn=stubborn) if played is None else playing.step(played)
        case None:
            return Reply(text="I am a rehearsal model: rules, no language model. I answer Gavel's own questions only.")
        case _ if played is not None:
            return Reply(text=json.dumps(playing.report(played)))
        case name:
            raise BadRequest(f"{conversation.model} has no rule for the schema {name!r}")
