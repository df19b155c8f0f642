"""The recovery tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.dr import models
from tools.dr.runbook import generate_dr_runbook
from tools.dr.simulation import simulate_failover
from tools.dr.status import check_rto, get_dr_status
from tools.dr.triggering import trigger_dr_drill, trigger_dr_failover

READ_SECONDS = 20.0
PLAN_SECONDS = 30.0
CHANGE_SECONDS = 600.0


def dr_tools() -> list[Tool]:
    """The recovery agent's tools, and the two that only an approved plan reaches."""
    return [*_reading(), *_planning(), *_changing()]


def _reading() -> list[Tool]:
    return [
        Tool(
            name="get_dr_status",
            description=(
                "Recovery pairs in id order: their sites, where traffic goes, objectives, and RPO and RTO as computed"
                " now with `met`, `missed` or `unknown`; the last test that passed; where the pair's own words and"
                " the measurements disagree. Narrow by site or pair. check_rto shows how one pair's figures come"
                " about."
            ),
            input=models.GetDrStatusInput,
            output=models.GetDrStatusOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_dr_status,
        ),
        Tool(
            name="check_rto",
            description=(
                "Computes one pair's RPO (age of its oldest synchronization) and RTO (backlog at its measured replay"
                " rate, plus the steps of the last measured run, scaled to today's machines) against the objectives,"
                " part by part. `unknown`, with the reason, where data are missing."
            ),
            input=models.CheckRtoInput,
            output=models.CheckRtoOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=check_rto,
        ),
    ]


def _planning() -> list[Tool]:
    return [
        Tool(
            name="simulate_failover",
            description=(
                "Checks what a failover of one pair needs (replication, RPO, RTO, room, health, images, a recent test,"
                " alerts), each with what was required, what was observed and the rows it was computed from, and"
                " predicts data loss and downtime. Moves nothing; `dry_run` stays true. `ready` only when every check"
                " passed: missing data is no pass."
            ),
            input=models.SimulateFailoverInput,
            output=models.SimulateFailoverOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=simulate_failover,
        ),
        Tool(
            name="generate_dr_runbook",
            description=(
                "Writes the steps of a drill or a failover of one pair: what does not hold yet, the exact call with"
                " its parameters, what to observe with today's estimates, and the way back. Changes nothing and"
                " judges nothing. Fails when a failover's data loss is unknown."
            ),
            input=models.GenerateDrRunbookInput,
            output=models.GenerateDrRunbookOutput,
            risk="plan_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=PLAN_SECONDS,
            run=generate_dr_runbook,
        ),
    ]


def _changing() -> list[Tool]:
    return [
        Tool(
            name="trigger_dr_drill",
            description=(
                "Runs a drill of one pair: the recovery site is tested and measured, traffic stays. `asset_ids` must"
                " be exactly what simulate_failover lists. Only an approved plan's execution reaches it."
            ),
            input=models.TriggerDrDrillInput,
            output=models.DrRunOutput,
            risk="state_change_prod",
            scope="asset",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=trigger_dr_drill,
        ),
        Tool(
            name="trigger_dr_failover",
            description=(
                "Moves a pair's traffic to its recovery site (`rollback`: back). Refused when more data than"
                " `max_data_loss_minutes` would be lost now, and when `asset_ids` is not exactly what would move."
                " Only an approved plan's execution reaches it."
            ),
            input=models.TriggerDrFailoverInput,
            output=models.DrRunOutput,
            risk="state_change_prod",
            scope="asset",
            idempotent=True,
            timeout_seconds=CHANGE_SECONDS,
            run=trigger_dr_failover,
        ),
    ]
