"""Spans around what a worker asks: tools, models, gates. Wrapped only where something is traced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from agents.orchestrator.chat import ChatReply, ChatRequest, Member, ModelClient
from bot.telemetry.labels import one_of
from bot.telemetry.tracing import Tracing
from policies.gate import Finding, Gate, JudgeContext
from policies.pipeline import Pipeline
from tools.base import ToolCall
from tools.contracts.common import JsonObject
from tools.contracts.verdict import GateName
from tools.dispatcher import Dispatcher
from tools.guards.base import CallHandler


@dataclass(frozen=True)
class TracedCalls:
    """Outermost: a span for each tool call, refused ones too. Implements `tools.guards.base.CallHandler`."""

    inner: CallHandler
    tracing: Tracing
    tools: Collection[str]
    """The names that there are: a model may write any other."""

    async def handle(self, call: ToolCall) -> JsonObject:
        with self.tracing.span("tool", tool=one_of(call.tool, self.tools), granted=call.grant is not None):
            return await self.inner.handle(call)


def traced_dispatcher(dispatcher: Dispatcher, tracing: Tracing, *, tools: Collection[str]) -> Dispatcher:
    if not tracing.on:
        return dispatcher
    return replace(dispatcher, chain=TracedCalls(dispatcher.chain, tracing, tools))


@dataclass(frozen=True)
class TracedModel:
    """A span for each call of a provider. Implements `agents.orchestrator.chat.ModelClient`."""

    inner: ModelClient
    tracing: Tracing

    async def chat(self, member: Member, request: ChatRequest) -> ChatReply:
        with self.tracing.span("model", model=member.model, purpose=request.purpose, mode=request.mode):
            return await self.inner.chat(member, request)


def traced_model(client: ModelClient, tracing: Tracing) -> ModelClient:
    return TracedModel(client, tracing) if tracing.on else client


@dataclass(frozen=True)
class TracedGate:
    """A span for each gate. Implements `policies.gate.Gate`."""

    inner: Gate
    tracing: Tracing

    @property
    def name(self) -> GateName:
        return self.inner.name

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        with self.tracing.span("gate", gate=self.name, subject=context.subject):
            return await self.inner.judge(plan, context)


def traced_pipeline(pipeline: Pipeline, tracing: Tracing) -> Pipeline:
    if not tracing.on:
        return pipeline
    gates: Sequence[Gate] = [TracedGate(gate, tracing) for gate in pipeline.gates]
    return replace(pipeline, gates=gates)
