"""Eval cases as data: one YAML file an agent and kind, read into typed cases, with errors that name the place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from bot.evals.mutations import Mutation, check
from tools.contracts.common import AgentName, Contract, Environment

CaseKind = Literal["routing", "tools", "plan", "receipts", "healthy", "red_herring", "missing_data", "hostile"]

Found = Literal["plan", "report", "nothing_to_do", "inconclusive", "question", "several", "decline"]
"""How a case ends. A report that finds nothing ends in `nothing_to_do`, one that cannot tell in `inconclusive`."""


class AlertText(Contract):
    """An alert as its channel brings it."""

    text: str
    fields: dict[str, str] = {}


class EstateOf(Contract):
    """Which estate the case plays in."""

    seed: int = Field(default=7, ge=0)
    mutations: list[Mutation] = []


class Expected(Contract):
    """What must hold. What is not stated is not checked."""

    agent: AgentName | None = None
    """Whom layer 1 hands the task to."""
    environment: Environment | None = None
    tags: dict[str, str] | None = None
    """Of the task's scope, exactly."""
    found: list[Found] = []
    """Any of these; empty: not checked."""
    tools: list[str] = []
    """Called, each, and answered or failed."""
    tools_not: list[str] = []
    """Never called."""
    refused_by: list[str] = []
    """Rules by which a gate refused, in any revision."""
    allowed: bool | None = None
    """Whether the gates let the last revision through."""
    cause: list[str] = []
    """Each is said in the diagnosis, the reason or the report, in any letter case."""
    never: list[str] = []
    """None of these is in anything that came out, in any letter case."""
    assets_like: str | None = None
    """A regular expression that every asset id of the output matches from its start."""


class Case(Contract):
    """One request, where it is asked, and what must come of it."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    request: str | None = None
    alert: AlertText | None = None
    answers: list[str] = Field(default=[], max_length=3)
    """What the person answers when asked, in order."""
    estate: EstateOf = EstateOf()
    until: Literal["understanding", "gates"] = "gates"
    """`understanding`: only layer 1 is asked."""
    expect: Expected
    about: AgentName = "drift"
    """In whose row the case is counted. From the file."""
    kind: CaseKind = "routing"
    """From the file."""

    @model_validator(mode="after")
    def _asked_once(self) -> Case:
        if (self.request is None) == (self.alert is None):
            raise ValueError("a case has a request or an alert, and not both")
        for mutation in self.estate.mutations:
            check(mutation)
        return self


class _CaseFile(Contract):
    agent: AgentName
    kind: CaseKind
    until: Literal["understanding", "gates"] = "gates"
    cases: list[dict[str, Any]] = Field(min_length=1)


class CaseError(Exception):
    """A case file that cannot be used. The message names the file, the case and the field."""


def load_cases(folder: Path) -> list[Case]:
    """Every case of every `.yaml` file under `folder`, in file and case order. Raises :class:`CaseError`."""
    files = sorted(folder.rglob("*.yaml"))
    if not files:
        raise CaseError(f"There are no case files (*.yaml) under {folder}. Nothing was evaluated.")
    cases = [case for file in files for case in _read(file)]
    if twice := sorted(name for name, count in Counter(case.id for case in cases).items() if count > 1):
        raise CaseError(f"Two cases are called {twice[0]!r}. Ids are unique over all files.")
    return cases


def _read(file: Path) -> list[Case]:
    try:
        document: object = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise CaseError(f"{file} could not be read: {str(error).splitlines()[0]}") from error
    try:
        whole = _CaseFile.model_validate(document)
    except ValidationError as error:
        raise CaseError(f"{file}: {_first(error)}") from error
    cases: list[Case] = []
    for number, given in enumerate(whole.cases, start=1):
        try:
            case = Case.model_validate({"until": whole.until, **given, "about": whole.agent, "kind": whole.kind})
        except ValidationError as error:
            raise CaseError(f"{file}, case {number} ({given.get('id', 'without id')}): {_first(error)}") from error
        cases.append(case)
    return cases


def _first(error: ValidationError) -> str:
    wrong = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in wrong["loc"]) or "the file"
    return f"{place}: {wrong['msg']}"
