"""The policies in this process, through regorus (Microsoft's Rego engine in Rust). Used where no OPA is configured."""

from __future__ import annotations

import itertools
import json
import threading
import weakref

import regorus

from policies.bundle import ROOT, Bundle, bundle_digest
from policies.engine import PolicyUndefined, checked_decision, checked_package, is_list, is_object, normalized
from tools.contracts.common import JsonObject


class _Here(threading.local):
    """The engines of one thread, by number. Only code of that thread makes, asks or drops them."""

    def __init__(self) -> None:
        self.engines: dict[int, regorus.Engine] = {}


_here = _Here()
_numbers = itertools.count()
_dead: set[int] = set()
"""Numbers whose :class:`RegorusEngine` is gone. Each thread drops its own engines of them when it next asks one."""


class RegorusEngine:
    """A :class:`policies.engine.PolicyEngine` in memory.

    A decision takes well under a millisecond, so it runs inline. A regorus engine belongs to the thread that made
    it: used on another it panics, and dropped on another, where the garbage collector happens to run, it complains.
    So this object holds none; it has one in each thread that asks it.
    """

    name = "regorus"

    def __init__(self, bundle: Bundle) -> None:
        """Raises `ValueError` when a module does not parse."""
        self._bundle = bundle
        self._number = next(_numbers)
        weakref.finalize(self, _dead.add, self._number)
        self._engine()

    async def decide(self, package: str, document: JsonObject, /) -> JsonObject:
        """See :class:`policies.engine.PolicyEngine`. Errors in a rule (a missing builtin, a bad date) are raised."""
        text = json.dumps(normalized(document), allow_nan=False)
        answer = self._query(f"data.{checked_package(package)}.decision", text)
        return checked_decision(package, normalized(answer))

    async def digest(self) -> str:
        """Of the modules and data the engine holds, which are those it was built with."""
        held: object = json.loads(self._engine().get_policies())
        if isinstance(held, str):  # this build wraps the list in a JSON string
            held = json.loads(held)
        modules = {
            str(entry["path"]): str(entry["contents"]) for entry in (held if is_list(held) else []) if is_object(entry)
        }
        return bundle_digest(
            modules, {key: self._query(f"data.{ROOT}.{key}", "{}") for key in sorted(self._bundle.data)}
        )

    async def aclose(self) -> None:
        """Nothing to close."""

    def _engine(self) -> regorus.Engine:
        """This thread's own."""
        mine = _here.engines
        for number in _dead.intersection(mine):
            del mine[number]
        if self._number not in mine:
            mine[self._number] = _loaded(self._bundle)
        return mine[self._number]

    def _query(self, query: str, document: str) -> object:
        """The value of a query. Raises :class:`PolicyUndefined` when it has none, or evaluating it fails."""
        engine = self._engine()
        try:
            engine.set_input_json(document)
            reply: object = json.loads(engine.eval_query_as_json(query))
        except RuntimeError as error:
            raise PolicyUndefined(f"regorus could not evaluate {query}: {_first_line(error)}") from error
        finally:
            del engine  # or the traceback would keep it, and be collected on any thread
        results = reply.get("result") if is_object(reply) else None
        first = results[0] if is_list(results) and len(results) == 1 else None
        expressions = first.get("expressions") if is_object(first) else None
        only = expressions[0] if is_list(expressions) and len(expressions) == 1 else None
        if not is_object(only) or "value" not in only:
            raise PolicyUndefined(f"{query} is undefined. Nothing is allowed by a rule that does not exist.")
        value: object = only["value"]
        return value


def _loaded(bundle: Bundle) -> regorus.Engine:
    engine = regorus.Engine()
    try:
        for module in bundle.modules:
            try:
                engine.add_policy(module.id, module.text)
            except RuntimeError as error:
                raise ValueError(f"{module.id} cannot be loaded into regorus: {_first_line(error)}") from error
        engine.add_data_json(json.dumps({ROOT: bundle.data}))
        return engine
    finally:
        del engine  # as in `_query`


def _first_line(error: Exception) -> str:
    """Without the native stack trace that follows."""
    return str(error).split("Stack backtrace", maxsplit=1)[0].strip()[:300]
