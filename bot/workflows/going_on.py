"""Which run of a workflow may take up what another run says that it left. Durable: this code is replayed."""

from __future__ import annotations

from temporalio import workflow


def goes_on_from(run_id: str) -> bool:
    """Whether this run of a workflow is the one that follows that run, which handed on to it.

    Temporal names a run before this one to a retry and to a cron's next run, too, which begin with what the first was
    begun with: whoever can start workflows can have those, and cannot choose what a run is called.
    """
    return bool(run_id) and run_id == workflow.info().continued_run_id
