"""Every rule of the shipped Rego is needed: without any one of them, or of their `else` branches, a Rego test fails.

A real OPA server holds a package, what it rests on and its tests; each rule in turn is taken out of the text.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from policies.bundle import Module, load_bundle
from policies.engine import is_list, is_object
from tests.unit.policies.opa_server import OpaServer, opa_binary
from tools.contracts.common import JsonObject

REGO = Path(__file__).parents[3] / "policies" / "rego" / "ql" / "ai"
BUNDLE = load_bundle()
SHARED = ("lib", "calendar")
"""Packages that others rest on: their rules are tested through those."""

TESTED_BY = {
    "lib": ("approval", "tools", "empty", "execution"),
    "calendar": ("execution", "autonomy"),
    "safety": ("safety", "safety_operations"),
}


def package_of(module: Module) -> str:
    found = re.search(r"^package ql\.ai\.(\w+)$", module.text, re.MULTILINE)
    assert found is not None
    return found.group(1)


PACKAGES = sorted({package_of(module) for module in BUNDLE.modules})


@dataclass(frozen=True)
class Mutant:
    module: Module
    row: int
    head: str
    text: str
    """The module without the rule."""


async def parsed(module: Module) -> JsonObject:
    """OPA's own reading of it."""
    path = REGO / module.id.rsplit("/", 1)[-1]
    process = await asyncio.create_subprocess_exec(
        opa_binary(),
        *("parse", "--format", "json", "--json-include", "locations", str(path)),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(out)


def mutants(module: Module, tree: JsonObject) -> Iterator[Mutant]:
    """One for each rule and for each `else`."""
    lines = module.text.split("\n")
    starts = sorted({_row(rule) for rule in tree["rules"]})
    elses = sorted({row for rule in tree["rules"] for row in _elses(rule)})
    for number, start in enumerate(starts):
        end = starts[number + 1] - 1 if number + 1 < len(starts) else len(lines)
        cuts = [start, *(row for row in elses if start < row <= end), end + 1]
        yield _without(module, lines, start, end)
        for begin, after in pairwise(cuts[1:]):
            yield _without(module, lines, begin, after - 1)


def _without(module: Module, lines: list[str], start: int, end: int) -> Mutant:
    while not lines[end - 1].strip() or lines[end - 1].startswith("#"):
        end -= 1  # a comment there belongs to what follows
    text = "\n".join([*lines[: start - 1], *lines[end:]])
    return Mutant(module, start, lines[start - 1], text)


def _row(rule: JsonObject) -> int:
    return int(rule["location"]["row"])


def _elses(rule: JsonObject) -> Iterator[int]:
    inner = rule.get("else")
    if is_object(inner):
        yield _row(inner)
        yield from _elses(inner)


@dataclass(frozen=True)
class Suite:
    """A server with some packages and the tests of some."""

    http: aiohttp.ClientSession
    url: str
    tests: tuple[str, ...]

    async def load(self, module_id: str, text: str) -> bool:
        """Whether it compiles together with the rest."""
        async with self.http.put(f"{self.url}/v1/policies/{module_id}", data=text.encode()) as reply:
            return reply.status == 200

    async def results(self, package: str) -> JsonObject:
        """Test → what it comes to; one that fails is not there, or lacks the case that failed."""
        async with self.http.get(f"{self.url}/v1/data/ql/ai/{package}_test") as reply:
            answer: Any = await reply.json()
        found = answer.get("result", {})
        return {name: value for name, value in found.items() if name.startswith("test_")}

    async def notices(self, mutant: Mutant, healthy: dict[str, JsonObject]) -> bool:
        """Whether the tests fail, or do not even compile, without the rule."""
        if not await self.load(mutant.module.id, mutant.text):
            return True
        for package in self.tests:
            if await self.results(package) != healthy[package]:
                return True
        return False


@pytest.fixture
async def suite(request: pytest.FixtureRequest) -> AsyncGenerator[Suite]:
    package = str(request.param)
    tests = TESTED_BY.get(package, (package,))
    needed = {package, *SHARED, *tests} if "empty" not in tests else set(PACKAGES)
    server = OpaServer()
    await server.start()
    async with aiohttp.ClientSession() as http:
        suite = Suite(http, server.url, tests)
        for module in BUNDLE.modules:
            if package_of(module) in needed:
                assert await suite.load(module.id, module.text), module.id
        async with http.put(f"{server.url}/v1/data/gavel", json=BUNDLE.data) as reply:
            assert reply.status in (200, 204)
        for name in tests:
            assert await suite.load(f"{name}_test", (REGO / f"{name}_test.rego").read_text("utf-8")), name
        yield suite
    await server.stop()


@pytest.mark.parametrize(("package", "suite"), [(name, name) for name in PACKAGES], indirect=["suite"], ids=PACKAGES)
async def test_without_any_one_rule_the_rego_tests_fail(package: str, suite: Suite) -> None:
    healthy = {name: await suite.results(name) for name in suite.tests}
    for name, results in healthy.items():
        assert results, name
        assert all(_passes(value) for value in results.values()), name
    unnoticed: list[str] = []
    for module in BUNDLE.modules:
        if package_of(module) != package:
            continue
        for mutant in mutants(module, await parsed(module)):
            if not await suite.notices(mutant, healthy):
                unnoticed.append(f"{module.id}:{mutant.row}: {mutant.head}")
        assert await suite.load(module.id, module.text)
    assert unnoticed == []


def _passes(value: object) -> bool:
    """True, or a table of cases all of which hold."""
    if is_object(value):
        return bool(value) and all(case is True for case in value.values())
    return value is True or (is_list(value) and bool(value))
