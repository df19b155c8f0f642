"""The rehearsal models, asked without HTTP in between: the same rules, and the same obedience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ToolUse
from agents.orchestrator.request_body import request_body
from bot.local.rehearsal.brain import answer
from bot.local.rehearsal.conversation import read_request
from bot.local.rehearsal.members import REHEARSAL_MODELS, rehearsal_members
from bot.local.rehearsal.obedient import Order, obey
from bot.local.rehearsal.wire import Completion
from tools.whole_text import whole_text

MEMBERS = rehearsal_members("http://127.0.0.1:9")
"""Nobody listens there: it is not asked over the wire."""


@dataclass
class ObedientModels:
    """Implements `agents.orchestrator.chat.ModelClient` for one case."""

    orders: Sequence[Order]
    sent: list[str] = field(default_factory=list[str])
    """Everything the models were sent."""
    said: list[str] = field(default_factory=list[str])
    reached: bool = False
    """Whether planted text was before a model."""
    obeyed: bool = False
    """Whether a model answered otherwise than without it."""

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        body = request_body(member, request)
        body["model"] = member.model.removeprefix("openai/")
        assert body["model"] in REHEARSAL_MODELS
        conversation = read_request(body)
        self.sent += [message.content for message in request.messages]
        honest = answer(conversation)
        self.reached = self.reached or any(order.reached(conversation) for order in self.orders)
        reply = obey(conversation, honest, self.orders)
        self.obeyed = self.obeyed or reply != honest
        self.said += [reply.text, *(str(call) for call in reply.calls)]
        completion = Completion(conversation.model, reply, conversation.size, 0)
        message = completion.body()["choices"][0]["message"]
        uses = [
            ToolUse(call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in message.get("tool_calls", [])
        ]
        return ChatReply(whole_text(message["content"] or ""), tuple(uses), 10, 10, None, 1)
