"""What the alert rules and the dashboard ask for is there, and every alert has a page that says what to do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from bot.telemetry.held import WHYS
from bot.workflows.parking import AGAIN_SECONDS
from tests.unit.deploy.observed import at_the_start, metrics_and_labels
from tools.contracts.common import JsonObject

ROOT = Path(__file__).parents[3]
RULES = ROOT / "deploy" / "prometheus" / "gavel.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "gavel.json"
RUNBOOKS = ROOT / "docs" / "runbooks"

RETRIED_SECONDS = 600
"""Temporal's longest pause between two tries of a workflow's step."""

SCRAPED = {"job", "instance", "le"}
"""Labels that Prometheus adds, and the one of histograms."""


def alerts() -> list[JsonObject]:
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[JsonObject]:
    found: list[JsonObject] = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def queries() -> list[str]:
    shown = [target["expr"].replace("$job", "gavel") for panel in panels() for target in panel["targets"]]
    return [rule["expr"] for rule in alerts()] + shown


def asked(query: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that a query reads, and the labels by which it picks."""
    found: list[tuple[str, set[str]]] = []

    def look(part: Any) -> bool:
        selector = part.vector_selector if isinstance(part, promql_parser.MatrixSelector) else part
        if isinstance(selector, promql_parser.VectorSelector):
            found.append((str(selector.name), {matcher.name for matcher in selector.matchers.matchers}))
        return True

    promql_parser.walk(promql_parser.parse(query), look)
    yield from found


def increases(query: str) -> Iterator[promql_parser.VectorSelector]:
    """What a query looks at the growth of, where it names the series by their labels."""
    found: list[promql_parser.VectorSelector] = []

    def look(part: Any) -> bool:
        if isinstance(part, promql_parser.Call) and part.func.name == "increase":
            found.extend(of.vector_selector for of in part.args if isinstance(of, promql_parser.MatrixSelector))
        return True

    promql_parser.walk(promql_parser.parse(query), look)
    yield from (selector for selector in found if selector.matchers.matchers)


def picks(selector: promql_parser.VectorSelector, labels: Mapping[str, str]) -> bool:
    for matcher in selector.matchers.matchers:
        pattern = matcher.value if matcher.op == promql_parser.MatchOp.Re else re.escape(matcher.value)
        assert matcher.op in (promql_parser.MatchOp.Re, promql_parser.MatchOp.Equal), "teach this test the other ways"
        if re.fullmatch(pattern, labels.get(matcher.name, "")) is None:
            return False
    return True


@pytest.mark.parametrize("query", [rule["expr"] for rule in alerts() if any(increases(rule["expr"]))])
def test_the_first_of_its_kind_is_an_increase(query: str) -> None:
    """A series that comes with its first event has grown by nothing, as Prometheus sees it."""
    for selector in increases(query):
        there = [one for one in at_the_start() if one.name == selector.name and picks(selector, one.labels)]
        assert {one.value for one in there} == {0}, f"{query}: no series at the start"


def test_a_gavel_that_is_gone_from_what_is_scraped_is_told_too() -> None:
    (rule,) = [rule for rule in alerts() if rule["alert"] == "GavelDown"]
    assert 'absent(up{job="gavel"})' in rule["expr"]
    assert "`job_name: gavel`" in (ROOT / "docs" / "operate.md").read_text("utf-8")


def test_an_alert_on_tasks_that_are_held_stays_for_as_long_as_they_are() -> None:
    """They are met every ten minutes or so and counted not much more often: of two counts one is always in sight, also
    where one of them came before the first scrape."""
    (rule,) = [rule for rule in alerts() if rule["alert"] == "GavelTasksHeld"]
    (minutes,) = re.findall(r"increase\(gavel_tasks_held_total\[(\d+)m\]\)", rule["expr"])
    assert AGAIN_SECONDS < RETRIED_SECONDS
    assert int(minutes) * 60 > 2 * max(AGAIN_SECONDS, RETRIED_SECONDS)
    there = {one.labels["why"]: one.value for one in at_the_start() if one.name == "gavel_tasks_held_total"}
    assert there == dict.fromkeys(WHYS, 0)


@pytest.fixture(scope="module")
async def known() -> dict[str, set[str]]:
    return await metrics_and_labels()


@pytest.mark.parametrize("query", queries())
def test_every_query_reads_metrics_that_are_there_by_labels_that_they_have(
    query: str, known: dict[str, set[str]]
) -> None:
    read = list(asked(query))
    assert read, f"{query} reads nothing"
    for name, labels in read:
        if name == "up":
            continue
        assert name in known, f"{query}: there is no {name}"
        grouped = {label for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(", ")}
        assert labels | grouped <= known[name] | SCRAPED, f"{query}: {name} has only {known[name]}"


def test_every_alert_is_whole_and_links_a_runbook_of_its_own() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) > 10
    for rule in alerts():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"].endswith(".")
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == set(names)


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("*.md")), ids=lambda page: page.stem)
def test_a_runbook_says_what_happens_what_does_not_and_what_to_do(page: Path, known: dict[str, set[str]]) -> None:
    text = page.read_text("utf-8")
    for part in (
        f"# {page.stem}\n",
        "**What it means.**",
        "**What is not happening meanwhile.**",
        "## Look at",
        "## Do",
    ):
        assert part in text
    for name in re.findall(r"\bgavel_[a-z_]+", text):
        assert {name, f"{name}_count"} & known.keys(), f"there is no {name}"
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (RUNBOOKS / link).is_file()


def test_the_dashboard_covers_each_subject_and_no_panel_lies_on_another() -> None:
    read = {
        name
        for panel in panels()
        for target in panel["targets"]
        for name, _ in asked(target["expr"].replace("$job", "g"))
    }
    for subject in ("intake", "queue", "council", "gate", "approval", "phases", "model_cost", "slack"):
        assert any(name.startswith(f"gavel_{subject}") for name in read), subject
    squares: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not squares & taken, panel["title"]
        squares |= taken
    ids = [panel["id"] for panel in panels()]
    assert len(ids) == len(set(ids))
