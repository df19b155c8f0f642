"""A regorus engine belongs to one thread. Ours may be asked, and thrown away, on any."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Callable

import pytest

from policies.bundle import Bundle, Module, load_bundle
from policies.regorus_engine import RegorusEngine
from tests.unit.policies.documents import plan_document
from tools.contracts.common import JsonObject

PACKAGE = "ql.ai.safety"


def _on_a_thread(act: Callable[[], object]) -> None:
    """Run it there. What it raises, panics and what Python cannot raise included, is raised here."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # a panic of Rust is no Exception
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


async def test_it_decides_on_any_thread() -> None:
    engine = RegorusEngine(load_bundle())
    decided: list[JsonObject] = []
    _on_a_thread(lambda: decided.append(asyncio.run(engine.decide(PACKAGE, plan_document()))))
    assert decided == [await engine.decide(PACKAGE, plan_document())]


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Python could only complain of, because it happened while an object was being dropped."""
    heard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    return heard


def test_the_garbage_collector_of_another_thread_may_find_it(complaints: list[object]) -> None:
    held: list[object] = [RegorusEngine(load_bundle())]
    held.append(held)  # a cycle: only the collector ends it
    gc.disable()
    try:
        held = []
        _on_a_thread(gc.collect)
    finally:
        gc.enable()
    assert not complaints


def _refusal_of(bundle: Bundle) -> Exception:
    try:
        RegorusEngine(bundle)
    except ValueError as error:
        return error
    raise AssertionError("it was loaded")


def test_one_that_could_not_be_loaded_may_be_found_so_too(complaints: list[object]) -> None:
    broken = Bundle(modules=(Module(id="broken.rego", text="package broken\nthis is no rule {"),), data={})
    gc.disable()
    try:
        held: list[object] = [_refusal_of(broken)]
        held.append(held)
        held = []
        _on_a_thread(gc.collect)
    finally:
        gc.enable()
    assert not complaints
