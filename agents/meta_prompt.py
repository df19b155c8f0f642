"""Layer 1 (ADR-007): a request or an alert becomes a TaskSpec, a question, or a clear no. Never a guess."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agents.intake import Request, Understanding, harmless, says_something, split_mode
from agents.orchestrator.chat import ChatMessage, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.structured import ask
from agents.specialists.catalog import CAPABILITIES, TASK_NAMES, what_gavel_can
from prompts.library import PromptLibrary
from tools.contracts.common import Mode, RiskLevel
from tools.contracts.taskspec import Constraints, Question, TaskContext, TaskDraft, TaskSpec

QUESTION_LIMIT = 300
CHOICE_LIMIT = 75
"""Characters in a question, and in a choice (Slack's button text)."""

_ENVIRONMENTS = ["production", "staging", "development"]
_RISKS: list[RiskLevel] = ["low", "medium", "high", "critical"]
_STARTERS = ["Check production for drift", "Fix drift in staging", "Fix drift in production web servers"]


@dataclass(frozen=True)
class MetaPrompt:
    """The fast member reads; the others are asked in turn if it cannot. Code decides what the reading is worth."""

    client: ModelClient
    members: Sequence[Member]
    """The first is the fast one (ADR-007: fast models for parsing)."""
    prompts: PromptLibrary
    default_mode: Mode = "council"
    """When the person does not ask for one with a prefix such as `single:`."""
    confidence_threshold: float = 0.7
    """Below it a person is asked."""
    deadline_seconds: float = 30
    """For each member."""
    text_limit: int = 8000
    """Characters of the request that a model reads: its head and its tail, with a note of what was left out."""
    task_timeout_seconds: int = 3600
    max_questions: int = 3
    """Questions one task may ask; then it ends and says how to ask again."""

    async def understand(self, request: Request) -> Understanding:
        """What is asked for. Raises `LedgerUnavailable` when a model call could not be recorded."""
        mode, text = split_mode(request.text) if request.source == "person" else (None, request.text)
        if not says_something(" ".join([text, *request.alert_fields.values(), *(e.answer for e in request.exchanges)])):
            return self._question(request, Question(text="What would you like me to do?", choices=_STARTERS))
        errors: list[str] = []
        for member in self.members:
            try:
                draft = await ask(self.client, member, self._chat_request(request, text, member), TaskDraft)
            except ModelError as error:
                errors.append(str(error))
                continue
            return self._judge(request, draft, member=member, mode=mode or self.default_mode)
        reasons = harmless(" ".join(errors), 600) or "No model is configured."
        return Understanding(
            kind="error",
            text=f"I could not read this request, so nothing was started. {reasons} Please try again in a few minutes.",
        )

    def _chat_request(self, request: Request, text: str, member: Member) -> ChatRequest:
        prompt = self.prompts.load("meta_prompt")
        rendered = prompt.render(
            source=request.source,
            text=text,
            text_limit=self.text_limit,
            alert_fields=sorted(request.alert_fields.items()),
            exchanges=request.exchanges,
            threshold=self.confidence_threshold,
        )
        return ChatRequest(
            messages=(ChatMessage("system", rendered.system), ChatMessage("user", rendered.user)),
            purpose="understand",
            org=request.org,
            task_id=request.task_id,
            user=request.user,
            mode="single",
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            key=f"understand:{_round(request)}:{member.name}",
            max_tokens=1500,
            temperature=0,
            deadline_seconds=self.deadline_seconds,
        )

    def _judge(self, request: Request, draft: TaskDraft, *, member: Member, mode: Mode) -> Understanding:
        """Rules that no model's answer gets around."""
        if draft.kind == "decline":
            return _no(f"{harmless(draft.goal, 300)} {what_gavel_can()} Nothing was started.", draft, member)
        if draft.task_type is not None and draft.task_type not in CAPABILITIES:
            name = TASK_NAMES[draft.task_type]
            return _no(f"I cannot do {name} yet, so nothing was started. {what_gavel_can()}", draft, member)
        if draft.kind == "question" or draft.task_type is None or draft.environment is None:
            return self._question(request, _open_question(draft), draft=draft, member=member)
        if draft.confidence < self.confidence_threshold:
            return self._question(request, draft.question or _confirmation(draft), draft=draft, member=member)
        capability = CAPABILITIES[draft.task_type]
        return Understanding(
            kind="task",
            member=member.name,
            confidence=draft.confidence,
            spec=TaskSpec(
                id=request.task_id,
                task_type=draft.task_type,
                goal=harmless(draft.goal, 400),
                user_intent=request.text,
                org=request.org,
                user=request.user,
                environment=draft.environment,
                context=_written_assets_only(draft.context, request),
                # An alert can narrow what is looked at; how fast to change it is for people to say.
                constraints=draft.constraints if request.source == "person" else Constraints(),
                agents=[capability.agent],
                tools_required=list(capability.tools),
                risk_level=_at_least("high" if draft.environment == "production" else "medium", draft.risk_level),
                approval_required=True,
                timeout_seconds=self.task_timeout_seconds,
                mode=mode,
                confidence=draft.confidence,
                open_questions=[],
            ),
        )

    def _question(
        self, request: Request, question: Question, *, draft: TaskDraft | None = None, member: Member | None = None
    ) -> Understanding:
        if len(request.exchanges) >= self.max_questions:
            return Understanding(
                kind="error",
                text=f"I still do not know what to do after {self.max_questions} questions, so nothing was started. "
                'Please ask anew and name the environment, for example: "fix drift on production web servers".',
            )
        choices = [harmless(choice, CHOICE_LIMIT) for choice in question.choices]
        return Understanding(
            kind="question",
            question=Question(
                text=harmless(question.text, QUESTION_LIMIT) or "What would you like me to do?",
                choices=list(dict.fromkeys(choice for choice in choices if choice)),
            ),
            member=member.name if member else None,
            confidence=draft.confidence if draft else None,
        )


def _round(request: Request) -> str:
    asked = str(len(request.exchanges))
    return asked if request.attempt == 1 else f"{asked}.{request.attempt}"


def _no(text: str, draft: TaskDraft, member: Member) -> Understanding:
    return Understanding(kind="decline", text=text, member=member.name, confidence=draft.confidence)


def _open_question(draft: TaskDraft) -> Question:
    """The model's own question, or the one that code knows is open."""
    if draft.question is not None:
        return draft.question
    if draft.task_type is None:
        return Question(text="What would you like me to do?", choices=_STARTERS)
    if draft.environment is None:
        return Question(text="Which environment do you mean?", choices=_ENVIRONMENTS)
    return _confirmation(draft)


def _confirmation(draft: TaskDraft) -> Question:
    goal = harmless(draft.goal, 200)
    return Question(text=f"I read this as: {goal} ({draft.environment}). Is that right?", choices=["Yes", "No"])


def _written_assets_only(context: TaskContext, request: Request) -> TaskContext:
    """Without asset ids that nobody wrote: a model must not narrow a task to machines it made up."""
    written = " ".join(
        [request.text, *request.alert_fields.values(), *(exchange.answer for exchange in request.exchanges)]
    ).lower()
    return context.model_copy(update={"asset_ids": [name for name in context.asset_ids if name.lower() in written]})


def _at_least(floor: RiskLevel, stated: RiskLevel) -> RiskLevel:
    return max(floor, stated, key=_RISKS.index)
