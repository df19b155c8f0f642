"""What the end of a task says of the models that answered: which of them is asked first is learned from it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.blocks.feedback import behind
from bot.ledger.labels import Confirmed, Source
from bot.workflows import messages as m
from tools.contracts.decision import SAYS_NOTHING


def answers_proved(state: m.TaskState, result: m.TaskResult) -> Iterator[Confirmed]:
    """A yes of people, and a no that is not only "not now"; and of a plan that no council carried, how its run ended.

    How the run of a council's plan ended is kept with who voted how, and counts from there.
    """
    proposal, spec = state.proposal, state.spec
    if proposal is None or spec is None:
        return
    found: list[tuple[str, bool, Source]] = []
    if result.approvers:
        found.append(("approval", True, "approval"))
    elif result.outcome == "rejected" and result.reason_kind not in SAYS_NOTHING:
        found.append(("approval", False, "rejection"))
    if proposal.council.mode != "council" and result.phases_run:
        ended: dict[m.Outcome, bool] = {"completed": True, "rolled_back": False}
        if (right := ended.get(result.outcome)) is not None:
            found.append(("run", right, "run"))
    for what, right, source in found:
        yield Confirmed(
            org=state.request.org,
            task_id=state.request.task_id,
            agent=spec.agents[0],
            item=f"{what}:r{proposal.revision}",
            kind="answer",
            right=right,
            source=source,
            margin=None,
            votes=dict.fromkeys(behind(proposal.council), True),
        )
