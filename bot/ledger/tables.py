"""The ledger's tables. Every one carries the org, and every query names it first."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import BigInteger, DateTime, Dialect, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

FREEZES = "kind IN ('change_frozen', 'change_thawed')"
"""What people declared frozen and thawed. A query must say it in these words for its index to be used."""

OPEN = "status <> 'ended'"
WAITING = "status = 'awaiting_approval'"
"""Of tasks: some among all there ever were. As above: in these words."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time. SQLite keeps no zone, so it is put back on the way out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables of the ledger. A change here needs a new version in `migrations/versions`."""

    type_annotation_map = {str: Text(), datetime: UtcDateTime()}


class LedgerEntry(Base):
    """One link of an org's chain. Rows are only ever added; `hash` covers all the rest."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        UniqueConstraint("org", "task_id", "key", name="uq_ledger_entries_org_task_key"),
        # A handful among millions, read before every phase of every plan.
        Index("ix_ledger_entries_freezes", "org", "seq", sqlite_where=text(FREEZES), postgresql_where=text(FREEZES)),
        # A task's entries, and those of one kind, in their order: among millions they are found one beside the other.
        Index("ix_ledger_entries_org_task_seq", "org", "task_id", "seq"),
        Index("ix_ledger_entries_org_kind_seq", "org", "kind", "seq"),
    )

    org: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """1, 2, 3 … without a gap within an org."""
    task_id: Mapped[str]
    kind: Mapped[str]
    """A `LedgerKind`."""
    actor: Mapped[str]
    at: Mapped[str]
    """RFC 3339 in UTC with microseconds. Text, because the hash covers its exact bytes."""
    key: Mapped[str]
    body: Mapped[str]
    """Canonical JSON, redacted. Text, because the hash covers its exact bytes."""
    prev_hash: Mapped[str]
    hash: Mapped[str]


class Asked:
    """What a question to a model was, whether it took a call or not."""

    id: Mapped[str] = mapped_column(primary_key=True)
    org: Mapped[str]
    user_id: Mapped[str]
    task_id: Mapped[str]
    agent: Mapped[str | None]
    """On whose account: a specialist's name, `meta_prompt`, `follow_up`, `doctor`, `eval`; None: not known, as before
    version 0002."""
    purpose: Mapped[str]
    mode: Mapped[str]
    member: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    created_at: Mapped[datetime]


class AiRequestLog(Asked, Base):
    """ADR-006, request logging: one row per provider call, failures included. No prompt, no answer, no key."""

    __tablename__ = "ai_request_logs"
    __table_args__ = (
        UniqueConstraint("org", "task_id", "key", name="uq_ai_request_logs_org_task_key"),
        Index("ix_ai_request_logs_org_created_at", "org", "created_at"),
        Index("ix_ai_request_logs_created_at", "created_at"),
        Index("ix_ai_request_logs_org_user_created_at", "org", "user_id", "created_at"),
    )

    key: Mapped[str]
    parent_id: Mapped[str | None]
    """`id` of the call this one repeats, follows, judges or votes on (see `ChatRequest.parent`); None: a first call."""
    prompt_id: Mapped[str]
    prompt_version: Mapped[str]
    prompt_checksum: Mapped[str | None]
    """`sha256:…` of the prompt's file; None: not known, as before version 0008."""
    prompt_tokens: Mapped[int | None]
    completion_tokens: Mapped[int | None]
    total_tokens: Mapped[int | None]
    """None unless both counts are known."""
    cached_tokens: Mapped[int | None]
    """Of `prompt_tokens`, read from the provider's own prompt cache; None: it did not say."""
    duration_ms: Mapped[int]
    estimated_cost: Mapped[float | None]
    """US dollars. None means unknown, which is not zero."""
    success: Mapped[bool]
    error_class: Mapped[str | None]
    error_message: Mapped[str | None]
    """Redacted."""


class Artifact(Base):
    """A value too large for an entry, a tool result or a plan, under the digest that entries and plans cite."""

    __tablename__ = "artifacts"

    org: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    """`sha256:` and 64 hex digits over the canonical JSON of the value as it was before redaction."""
    task_id: Mapped[str] = mapped_column(index=True)
    """The task that stored it first."""
    media_type: Mapped[str]
    body: Mapped[str]
    """Canonical JSON, redacted."""
    redacted: Mapped[str]
    """Kinds of secrets taken out, comma-separated; empty: the body's own digest is `digest`."""
    created_at: Mapped[str]
    """RFC 3339 in UTC. Text, because the MAC covers its exact bytes."""
    mac: Mapped[str]
    """Keyed, over every other column: an edited artifact shows."""


class CouncilLabel(Base):
    """Something a council carried, and whether it proved right: a run, a person's rejection, or a person's word."""

    __tablename__ = "council_labels"
    __table_args__ = (Index("ix_council_labels_org_agent_created_at", "org", "agent", "created_at"),)

    org: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    """`plan:r2`, or a claim's key."""
    agent: Mapped[str]
    kind: Mapped[str]
    right: Mapped[bool]
    source: Mapped[str]
    margin: Mapped[float | None]
    """The council's then; what confidence is calibrated on."""
    created_at: Mapped[datetime]


class CouncilVote(Base):
    """How one member had voted on it. Silence leaves no row."""

    __tablename__ = "council_votes"
    # A home tab counts all of them.
    __table_args__ = (Index("ix_council_votes_org_member_right", "org", "member", "right"),)

    org: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[str] = mapped_column(primary_key=True)
    member: Mapped[str] = mapped_column(primary_key=True)
    agreed: Mapped[bool]
    right: Mapped[bool]


class ChannelMode(Base):
    """How the models answer in a channel, as somebody set it there. Who set what before is in the ledger."""

    __tablename__ = "channel_modes"

    org: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    """Slack's id."""
    setting: Mapped[str]
    """A `ModeSetting`."""
    set_by: Mapped[str]
    set_at: Mapped[datetime]


class ProviderKey(Base):
    """A provider's key of a person or of an org, sealed (`bot.keystore`). The key itself stands nowhere."""

    __tablename__ = "provider_keys"

    org: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str] = mapped_column(primary_key=True)
    """`org`, or `user:` and a Slack user id."""
    provider: Mapped[str] = mapped_column(primary_key=True)
    master_id: Mapped[str]
    """Which master key it is sealed under."""
    nonce: Mapped[str]
    """Base64."""
    sealed: Mapped[str]
    """Base64 of ciphertext and tag. Bound to all of the above but the nonce, which it is made with."""
    set_by: Mapped[str]
    set_at: Mapped[datetime]
    """When it was checked by a call, and saved."""


class SlackInstallation(Base):
    """A workspace, or an enterprise as a whole, that installed the app. Its tokens are sealed (`bot.tenants`)."""

    __tablename__ = "slack_installations"

    org: Mapped[str] = mapped_column(primary_key=True)
    """The enterprise's id where it was installed for all of it, else the workspace's."""
    enterprise_id: Mapped[str | None]
    team_id: Mapped[str | None]
    name: Mapped[str]
    """As Slack says. Untrusted."""
    app_id: Mapped[str]
    bot_id: Mapped[str]
    bot_user_id: Mapped[str]
    scopes: Mapped[str]
    """Comma separated."""
    installed_by: Mapped[str]
    installed_at: Mapped[datetime]
    version: Mapped[int]
    """Grows with each change of the tokens: who refreshes names the one they read."""
    expires_at: Mapped[int | None] = mapped_column(BigInteger)
    """Of the access token, in Unix seconds; null: it does not expire."""
    master_id: Mapped[str]
    nonce: Mapped[str]
    sealed: Mapped[str]
    """The access token and the refresh token, as `provider_keys` has keys."""
    refresher: Mapped[str]
    """Who is refreshing now; empty: nobody."""
    refresh_until: Mapped[datetime | None]
    """When others may believe that they died of it."""
    trouble: Mapped[str]
    """Why the last refresh failed; empty: it did not."""
    trouble_at: Mapped[datetime | None]


class BudgetSpend(Base):
    """What was spent of one budget. Rows are added to, never taken from."""

    __tablename__ = "budget_spend"

    org: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True)
    """`person`, `org` or `task`."""
    subject: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    """`2026-03-01` in UTC; empty for a task."""
    tokens: Mapped[int] = mapped_column(BigInteger)
    micro_usd: Mapped[int] = mapped_column(BigInteger)
    """Millionths of a dollar."""
    warned: Mapped[bool]
    """Whether somebody was told that it is nearly used up."""


class BudgetReservation(Base):
    """The worst case of a call that is being made. Gone when it is settled, or at the end of its lease."""

    __tablename__ = "budget_reservations"
    __table_args__ = (Index("ix_budget_reservations_org", "org"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    org: Mapped[str]
    user_id: Mapped[str]
    task_id: Mapped[str]
    day: Mapped[str]
    tokens: Mapped[int] = mapped_column(BigInteger)
    micro_usd: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[datetime]


class TaskFile(Base):
    """A file that a person attached, sealed (`bot.attachments.store`); or one that was refused, without its bytes."""

    __tablename__ = "task_files"
    __table_args__ = (Index("ix_task_files_created_at", "created_at"),)

    org: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    note: Mapped[str]
    nonce: Mapped[str]
    sealed: Mapped[str]
    created_at: Mapped[datetime]


class AiCacheHit(Asked, Base):
    """A question that was answered without a call, by an answer that was kept, and what that saved.

    Its `id` is what the call would have had.
    """

    __tablename__ = "ai_cache_hits"
    __table_args__ = (
        Index("ix_ai_cache_hits_org_created_at", "org", "created_at"),
        Index("ix_ai_cache_hits_created_at", "created_at"),
        Index("ix_ai_cache_hits_org_user_created_at", "org", "user_id", "created_at"),
    )

    saved_tokens: Mapped[int | None]
    """Of the call whose answer it is. None: not known."""
    saved_cost: Mapped[float | None]
    """US dollars. None: not known."""


class AiUsageDay(Base):
    """What the calls and the reused answers of one UTC day come to, of one person, agent, model or mode.

    Triggers of the database keep it (migration 0014), in the transaction that adds or removes their rows: whoever
    writes those, these are their sums. One whose rows are all removed counts nothing, until retention removes it.
    """

    __tablename__ = "ai_usage_days"
    __table_args__ = (Index("ix_ai_usage_days_day", "day"),)

    org: Mapped[str] = mapped_column(primary_key=True)
    dimension: Mapped[str] = mapped_column(primary_key=True)
    """`person`, `agent`, `model` or `mode`."""
    day: Mapped[str] = mapped_column(primary_key=True)
    """Like 2026-11-01."""
    name: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(BigInteger)
    failed: Mapped[int] = mapped_column(BigInteger)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    uncounted: Mapped[int] = mapped_column(BigInteger)
    cost_usd: Mapped[float]
    unknown_costs: Mapped[int] = mapped_column(BigInteger)
    """Of the calls, those that `cost_usd` has nothing of."""
    cacheable: Mapped[int] = mapped_column(BigInteger)
    reused: Mapped[int] = mapped_column(BigInteger)
    saved_tokens: Mapped[int] = mapped_column(BigInteger)
    saved_usd: Mapped[float]
    unknown_savings: Mapped[int] = mapped_column(BigInteger)
    """Of the reused answers, those that `saved_usd` has nothing of."""


class Delegation(Base):
    """An approver's role, lent to somebody. Which role that is, is read when it matters: it may be lost since."""

    __tablename__ = "delegations"
    __table_args__ = (Index("ix_delegations_org_taker", "org", "taker"),)

    org: Mapped[str] = mapped_column(primary_key=True)
    giver: Mapped[str] = mapped_column(primary_key=True)
    """Slack user id, as is `taker`."""
    taker: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]
    """From then on it is worth nothing."""
    made_at: Mapped[datetime]


class TaskRow(Base):
    """What stands in the ledger of one task, so that people can list theirs. Written with each entry, never besides."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("ix_tasks_org_channel_received_at", "org", "channel", "received_at"),
        Index("ix_tasks_org_user_received_at", "org", "user_id", "received_at"),
        Index("ix_tasks_org_received_at", "org", "received_at"),
        Index("ix_tasks_open", "org", "received_at", sqlite_where=text(OPEN), postgresql_where=text(OPEN)),
        Index("ix_tasks_waiting", "org", "expires_at", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
        Index("ix_tasks_org_seq", "org", "seq"),
    )

    org: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    """Who asked: a Slack user id, or `alert:…`."""
    source: Mapped[str]
    channel: Mapped[str]
    thread_ts: Mapped[str]
    """Of the thread's first message; empty: none is open yet."""
    goal: Mapped[str]
    """As it was understood, before that as it was asked. Redacted, and clipped."""
    agent: Mapped[str]
    environment: Mapped[str]
    status: Mapped[str]
    """See `bot.tasks.board.Status`."""
    revision: Mapped[int]
    roles: Mapped[str]
    """Who may decide on the plan that waits, comma-separated; empty: none waits."""
    quorum: Mapped[int]
    voters: Mapped[str]
    """Who approved that plan, comma-separated."""
    expires_at: Mapped[str]
    """Of the plan that waits: RFC 3339; empty: none waits."""
    outcome: Mapped[str]
    """Empty: it has not ended."""
    cost_usd: Mapped[float | None]
    """Once it has ended. None: unknown."""
    received_at: Mapped[str]
    changed_at: Mapped[str]
    """RFC 3339 in UTC with microseconds, as the ledger has them."""
    seq: Mapped[int] = mapped_column(BigInteger)
    """Of the entry that changed it last."""
