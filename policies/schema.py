"""The first gate: is it, to the letter, what the agent has to write? JSON Schema, Draft 2020-12."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Protocol

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from pydantic import ValidationError as ContractError

from policies.engine import is_list, is_object
from policies.gate import Finding, JudgeContext
from tools.contracts.common import JsonObject, canonical_json
from tools.contracts.outputs import OUTPUTS
from tools.contracts.outputs.report import Report
from tools.contracts.plan import Plan
from tools.contracts.verdict import GateName, Refusal
from tools.json_schema import TwoValidators

Output = type[Plan] | type[Report]

CONTRACTS: Mapping[str, Output] = OUTPUTS
"""Name → contract. An agent names one of these; any other name is refused."""

MAX_PLAN_BYTES = 4_000_000
"""About 10,000 assets. More than a person can judge, and more than is worth parsing."""

JUDGED_TWICE_BYTES = 32_000
"""Up to here, about 60 assets, `jsonschema` itself must find no error either: its verdict on more takes too long."""

_ENGINE = "jsonschema"

MAX_REFUSALS = 20
MAX_REASON = 240

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def is_date_time(value: object) -> bool:
    """RFC 3339, with a time zone. `jsonschema` checks this format only where an extra package is installed."""
    if not isinstance(value, str):
        return True  # not this keyword's to judge: `type` does
    return _DATE_TIME.fullmatch(value) is not None and datetime.fromisoformat(value.upper()).tzinfo is not None


def _is_certainly_date_time(value: str) -> bool:
    try:
        return is_date_time(value)
    except ValueError:
        return False


class SchemaValidator(Protocol):
    """A validator of one schema, as far as it is used."""

    def iter_errors(self, instance: Any, /) -> Iterable[ValidationError]: ...


def strict_validator(schema: JsonObject) -> TwoValidators:
    """A validator that checks formats too.

    Raises `ValueError` for a schema with a format nobody checks: it would be there and mean nothing.
    """
    Draft202012Validator.check_schema(schema)
    checker = FormatChecker()
    checker.checks("date-time", raises=ValueError)(is_date_time)
    if unknown := sorted(_formats(schema) - set(checker.checkers)):
        raise ValueError(f"The schema uses the format {unknown[0]!r}, which nothing checks.")
    quick = jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats={"date-time": _is_certainly_date_time}
    )
    return TwoValidators(quick=quick, thorough=Draft202012Validator(schema, format_checker=checker))


def sentences(validator: SchemaValidator, document: object) -> list[tuple[str, str]]:
    """What is wrong with a document: (keyword, one sentence with the place), at most 20, in document order."""
    errors = sorted(validator.iter_errors(document), key=lambda error: [str(part) for part in error.absolute_path])
    return [(str(error.validator), _sentence(error)) for error in errors[:MAX_REFUSALS]]


@cache
def _validator_of(contract: Output) -> TwoValidators:
    """Made once a process, in half a second: a contract does not change, and a validator keeps nothing."""
    return strict_validator(contract.model_json_schema())


class SchemaGate:
    """Validates against the emitted schema of the contract that the context names."""

    name: GateName = "schema"

    def __init__(self, contracts: Mapping[str, Output] = CONTRACTS) -> None:
        """Schemas are emitted and checked here, once: one that is missing or broken stops the start, not a plan."""
        self._contracts = dict(contracts)
        self._validators = {name: _validator_of(contract) for name, contract in self._contracts.items()}

    async def judge(self, plan: JsonObject, context: JudgeContext) -> Finding:
        """See :class:`policies.gate.Gate`. Gives the canonical plan: exactly what will be digested and run."""
        return self.of_contract(plan, context.contract)

    def of_contract(self, plan: JsonObject, contract: str) -> Finding:
        """The same, of a contract by its name."""
        validator = self._validators.get(contract)
        if validator is None:
            known = ", ".join(sorted(self._contracts))
            return _refused(
                "unknown_contract", f"There is no contract {contract!r}. Known are: {known}.", repairable=False
            )
        if (size := len(canonical_json(plan))) > MAX_PLAN_BYTES:
            return _refused("too_large", f"The plan has {size} bytes; at most {MAX_PLAN_BYTES} are allowed.")
        wrong = sentences(validator, plan)
        if not wrong and size <= JUDGED_TWICE_BYTES:
            wrong = sentences(validator.thorough, plan)
        if wrong:
            return Finding(
                [Refusal(gate="schema", rule=f"schema.{keyword}", reason=text) for keyword, text in wrong],
                engine=_ENGINE,
            )
        try:
            typed = self._contracts[contract].model_validate(plan)
        except ContractError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            place = "/".join(str(part) for part in first["loc"])
            return _refused("contract", f"/{place}: {first['msg']}"[:MAX_REASON])
        return Finding([], engine=_ENGINE, plan=typed.model_dump(mode="json"))


def _refused(rule: str, reason: str, *, repairable: bool = True) -> Finding:
    refusal = Refusal(gate="schema", rule=f"schema.{rule}", reason=reason, repairable=repairable)
    return Finding([refusal], engine=_ENGINE)


def _sentence(error: ValidationError) -> str:
    place = "/".join(str(part) for part in error.absolute_path)
    text = f"/{place}: {error.message}"
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"


def _formats(schema: object) -> set[str]:
    """Every `format` a schema names, at any depth."""
    if is_object(schema):
        own = schema.get("format")
        inner = {name for value in schema.values() for name in _formats(value)}
        return inner | {own} if isinstance(own, str) else inner
    if is_list(schema):
        return {name for item in schema for name in _formats(item)}
    return set()
