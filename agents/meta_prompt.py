"""Layer 1 (ADR-007): a request or an alert becomes a TaskSpec, a question, a list to confirm, or a clear no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents.asking import ask_in_turn
from agents.attachments import NOTHING, Attachments
from agents.intake import Request, Understanding, harmless, said_in, says_something, split_mode
from agents.orchestrator.chat import ChatMessage, ChatRequest, Member, ModelClient, ModelError
from agents.orchestrator.modes import ModeDefaults
from agents.required_scope import missing_scope
from agents.specialists.catalog import CAPABILITIES, TASK_NAMES, Capability, what_gavel_can
from prompts.library import PromptLibrary
from tools.contracts.common import JsonObject, RiskLevel, TaskType
from tools.contracts.modes import ModeSetting
from tools.contracts.taskspec import Constraints, Question, TaskContext, TaskDraft, TaskSpec

QUESTION_LIMIT = 300
CHOICE_LIMIT = 75
"""Characters in a question, and in a choice (Slack's button text)."""

GOAL_LIMIT = 160
"""Of one intent in a list to confirm."""

_ONE_AT_A_TIME = "I read more than one thing in that. Which one should I start with?"

_RISKS: list[RiskLevel] = ["low", "medium", "high", "critical"]
_STARTERS: dict[TaskType, str] = {
    "drift_remediation": "Check production for drift",
    "incident_analysis": "Find out what is failing in production",
    "patch_rollout": "Plan the patches for production",
    "compliance_audit": "Audit production's compliance",
    "security_review": "Review production's exposure",
    "cost_optimization": "Look for savings in production",
    "dr_readiness": "Check production's disaster recovery",
    "image_lifecycle": "Validate the golden images for production",
}
"""Likely answers to "what would you like me to do", likeliest first."""


@dataclass(frozen=True)
class MetaPrompt:
    """The fast member reads; the others are asked in turn if it cannot. Code decides what the reading is worth."""

    client: ModelClient
    members: Sequence[Member]
    """The first is the fast one (ADR-007: fast models for parsing)."""
    prompts: PromptLibrary
    modes: ModeDefaults = field(default_factory=ModeDefaults)
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
    capabilities: Mapping[TaskType, Capability] = field(default_factory=lambda: CAPABILITIES)
    """Which kinds of work have an agent. Any other is declined by its name, and never given to another agent."""

    async def understand(self, request: Request, *, attachments: Attachments = NOTHING) -> Understanding:
        """What is asked for. Raises `LedgerUnavailable` when a model call could not be recorded.

        `attachments`: what was attached. It helps to read the request; where it runs and what it may change is for the
        person to say.
        """
        wished, text = split_mode(request.text) if request.source == "person" else (None, request.text)
        if wished is None and request.source == "person":
            # A part of a message that asked for several things: what stood before all of them holds for each.
            wished, _ = split_mode(request.whole)
        said = " ".join([text, *request.alert_fields.values(), *(e.answer for e in request.exchanges)])
        if not attachments and not says_something(said):
            return self._question(request, self._what())
        try:
            draft, member = await ask_in_turn(
                self.client, self.members, self._chat_request(request, text, attachments), TaskDraft
            )
        except ModelError as error:
            return Understanding(
                kind="error",
                text=f"I could not read this request, so nothing was started. {harmless(str(error), 600)}",
            )
        written = [each.text for each in attachments.texts]
        return self._judge(request, draft, member=member, wished=wished, written=written)

    def _chat_request(self, request: Request, text: str, attachments: Attachments) -> ChatRequest:
        prompt = self.prompts.load("meta_prompt")
        rendered = prompt.render(
            source=request.source,
            text=text,
            text_limit=self.text_limit,
            alert_fields=sorted(request.alert_fields.items()),
            exchanges=request.exchanges,
            whole=request.whole,
            quoted=request.quoted,
            previous=_previous(request.previous),
            received_at=request.received_at,
            threshold=self.confidence_threshold,
        )
        shown = attachments.fenced(limit=self.text_limit // 2)
        asked = f"{rendered.user}\n\n{shown}" if shown else rendered.user
        return ChatRequest(
            messages=(
                ChatMessage("system", rendered.system),
                ChatMessage("user", asked, images=attachments.images),
            ),
            purpose="understand",
            org=request.org,
            task_id=request.task_id,
            user=request.user,
            mode="single",
            prompt_id=prompt.id,
            prompt_version=prompt.version,
            key=f"understand:{_round(request)}",
            agent="meta_prompt",
            max_tokens=1500,
            temperature=0,
            deadline_seconds=self.deadline_seconds,
        )

    def _judge(
        self,
        request: Request,
        draft: TaskDraft,
        *,
        member: Member,
        wished: ModeSetting | None,
        written: Sequence[str] = (),
    ) -> Understanding:
        """Rules that no model's answer gets around. `written`: in attached texts."""
        if draft.kind == "decline":
            return _no(f"{harmless(draft.goal, 300)} {what_gavel_can()} Nothing was started.", draft, member)
        if draft.kind == "several":
            return self._several(request, draft, member)
        if draft.task_type is not None and draft.task_type not in self.capabilities:
            name = TASK_NAMES[draft.task_type]
            return _no(f"I cannot do {name} yet, so nothing was started. {what_gavel_can()}", draft, member)
        if draft.kind == "question" or draft.task_type is None:
            asked = (
                draft.question or missing_scope(draft) or (_confirmation(draft) if draft.task_type else self._what())
            )
            return self._question(request, asked, draft=draft, member=member)
        stated = draft if environment_is_written(draft, request) else draft.model_copy(update={"environment": None})
        missing = missing_scope(stated)
        if missing is not None or stated.environment is None:
            return self._question(request, missing or draft.question or self._what(), draft=draft, member=member)
        if draft.confidence < self.confidence_threshold:
            return self._question(request, draft.question or _confirmation(draft), draft=draft, member=member)
        capability = self.capabilities[draft.task_type]
        risk = _at_least("high" if stated.environment == "production" else "medium", draft.risk_level)
        choice = self.modes.choose(
            asked=wished,
            channel=request.channel,
            channel_mode=request.channel_mode,
            agent=capability.agent,
            risk=risk,
            org=request.org,
        )
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
                environment=stated.environment,
                context=_written_only(draft.context, request, written),
                # An alert can narrow what is looked at; how fast to change it is for people to say.
                constraints=draft.constraints if request.source == "person" else Constraints(),
                agents=[capability.agent],
                tools_required=list(capability.tools),
                risk_level=risk,
                approval_required=True,
                timeout_seconds=self.task_timeout_seconds,
                mode=choice.mode,
                mode_choice=choice,
                confidence=draft.confidence,
                open_questions=[shown for text in draft.open_questions if (shown := harmless(text, QUESTION_LIMIT))],
                follows=request.previous.id if request.previous is not None else None,
            ),
        )

    def _several(self, request: Request, draft: TaskDraft, member: Member) -> Understanding:
        """A list for the person to confirm: only of what really stands in the message."""
        intents = [
            intent.model_copy(update={"goal": harmless(intent.goal, GOAL_LIMIT) or harmless(intent.words, GOAL_LIMIT)})
            for intent in {intent.words: intent for intent in draft.intents}.values()
            if said_in(intent.words, request.text)
        ]
        # Nobody is there to confirm an alert's; and a part of a list is not a list again.
        if len(intents) < 2 or request.source == "alert" or request.whole:
            first = Question(text=_ONE_AT_A_TIME, choices=[intent.goal for intent in intents])
            return self._question(request, first, draft=draft, member=member)
        return Understanding(kind="several", intents=intents, member=member.name, confidence=draft.confidence)

    def _what(self) -> Question:
        choices = [starter for kind, starter in _STARTERS.items() if kind in self.capabilities]
        return Question(text="What would you like me to do?", choices=choices[:4])

    def _question(
        self, request: Request, question: Question, *, draft: TaskDraft | None = None, member: Member | None = None
    ) -> Understanding:
        if len(request.exchanges) >= self.max_questions:
            return Understanding(
                kind="decline",
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


def environment_is_written(draft: TaskDraft, request: Request) -> bool:
    """Whether the draft's environment was said, here or by the task of this thread that this one goes on from.

    A model that answers an environment nobody wrote has guessed it, or was talked into it.
    """
    if request.previous is not None and draft.environment == request.previous.environment:
        return True
    asked = [text for exchange in request.exchanges for text in (exchange.question, exchange.answer)]
    said = [request.text, request.whole, request.quoted, *request.alert_fields, *request.alert_fields.values(), *asked]
    return any(said_in(draft.environment_words, text) for text in said)


def _round(request: Request) -> str:
    asked = str(len(request.exchanges))
    return asked if request.attempt == 1 else f"{asked}.{request.attempt}"


def _no(text: str, draft: TaskDraft, member: Member) -> Understanding:
    return Understanding(kind="decline", text=text, member=member.name, confidence=draft.confidence)


def _confirmation(draft: TaskDraft) -> Question:
    goal = harmless(draft.goal, 200)
    return Question(text=f"I read this as: {goal} ({draft.environment}). Is that right?", choices=["Yes", "No"])


def _written_only(context: TaskContext, request: Request, attached: Sequence[str]) -> TaskContext:
    """Without assets and subjects that nobody wrote or attached: a model must not narrow a task to what it made up."""
    before = request.previous.context if request.previous is not None else TaskContext()
    answers = [exchange.answer for exchange in request.exchanges]
    said = [request.text, request.whole, request.quoted, *request.alert_fields.values(), *answers]
    written = [*said, *attached]

    def kept(names: Sequence[str], known: Sequence[str]) -> list[str]:
        return [name for name in names if name in known or any(said_in(name, text) for text in written)]

    return context.model_copy(
        update={
            "asset_ids": kept(context.asset_ids, before.asset_ids),
            "subjects": kept(context.subjects, before.subjects),
        }
    )


def _previous(spec: TaskSpec | None) -> JsonObject | None:
    """The earlier task as a prompt shows it: what code made of it, without anybody's words."""
    if spec is None:
        return None
    shown = {"task_type", "environment", "context", "constraints"}
    return spec.model_dump(mode="json", include=shown, exclude_defaults=True)


def _at_least(floor: RiskLevel, stated: RiskLevel) -> RiskLevel:
    return max(floor, stated, key=_RISKS.index)
