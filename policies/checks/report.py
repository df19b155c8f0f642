"""The safety gate's checks of a report. It changes nothing, but people act on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from policies.checks.base import Observed, listed, refuse
from policies.checks.identity import belongs, rests_on_calls
from policies.checks.receipts import report_receipts
from policies.checks.text import commands_in, secrets_in
from policies.gate import JudgeContext
from tools.contracts.outputs.report import Report
from tools.contracts.verdict import Refusal
from tools.receipts import names_in


@dataclass(frozen=True)
class ReportCase:
    """Everything a check of a report may look at."""

    report: Report
    context: JudgeContext
    observed: Observed


ReportCheck = Callable[[ReportCase], Iterable[Refusal]]


def of_this_task(case: ReportCase) -> Iterator[Refusal]:
    """Org, task, revision and environment are the context's."""
    return belongs(case.report, case.context, "report")


def evidence(case: ReportCase) -> Iterator[Refusal]:
    """What it rests on was really called. A report that could find out nothing may rest on nothing, and says so."""
    if case.report.conclusion == "inconclusive" and not case.report.evidence:
        return iter(())
    return rests_on_calls(case.report, case.context, "report")


def receipts(case: ReportCase) -> Iterator[Refusal]:
    """Every figure, asset, version and control is the cited value of a tool result."""
    return report_receipts(case.report, case.context)


def assets(case: ReportCase) -> Iterator[Refusal]:
    """Assets are in the caller's org, and in the environment that was asked about."""
    named, org = assets_of(case.report), case.context.caller.org
    own = {key: asset for key, asset in case.observed.assets.items() if asset.org_id == org}
    if unknown := named - set(own):
        yield refuse("unknown_asset", f"Not in this org's estate: {listed(unknown)}. Use ids that query_assets gave.")
    if outside := {key for key in named & set(own) if own[key].environment != case.report.environment}:
        yield refuse("asset_environment", f"Not in {case.report.environment}: {listed(outside)}. Leave them out.")


def assets_from_rows(case: ReportCase) -> Iterator[Refusal]:
    """Assets are those that a tool lists as such: one that only a message, a title or a tag speaks of is a word."""
    known = names_in(case.context.results)
    real = assets_of(case.report) & set(case.observed.assets)  # `assets` refuses the others
    if strange := {name for name in real if name.lower() not in known}:
        yield refuse("asset_from_text", f"No tool of this task lists these as assets: {listed(strange)}.")


def concludes(case: ReportCase) -> Iterator[Refusal]:
    """Findings are there exactly where it says so; nothing is healthy that rests on nothing or on failed calls."""
    report = case.report
    if report.conclusion == "findings" and not report.findings:
        yield refuse("conclusion", "The report concludes that there are findings and has none.")
    if report.conclusion == "healthy" and any(item.severity is not None for item in report.findings):
        yield refuse("conclusion", "The report is called healthy and has findings with a severity.")


def hands_over(case: ReportCase) -> Iterator[Refusal]:
    """A hand-over is to another agent, and rests on findings."""
    handover = case.report.handover
    if handover is None:
        return
    if handover.task_type == case.context.spec.task_type:
        yield refuse("handover", "The report hands its own task over to itself.")
    if case.report.conclusion != "findings":
        yield refuse("handover", f"A report that is {case.report.conclusion} hands nothing over.")


def no_secrets(case: ReportCase) -> Iterator[Refusal]:
    return secrets_in(case.report, "report")


def no_commands(case: ReportCase) -> Iterator[Refusal]:
    return commands_in(case.report.model_dump(mode="json"))


def assets_of(report: Report) -> set[str]:
    """Every asset the report names in a field made for it."""
    named = {asset for item in [*report.findings, *report.disputed] for asset in item.asset_ids}
    named |= {asset for item in report.recommendations for asset in item.asset_ids}
    return named | set(report.handover.asset_ids if report.handover else ())


REPORT_CHECKS: tuple[ReportCheck, ...] = (
    of_this_task,
    evidence,
    receipts,
    assets,
    assets_from_rows,
    concludes,
    hands_over,
    no_secrets,
    no_commands,
)
