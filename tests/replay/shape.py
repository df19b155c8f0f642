"""What is given to Temporal, in short: a fingerprint of each message, step and workflow, by its name.

Recorded for each `SHAPE` by `make record`: a worker of that shape knows this, and nothing else.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from inspect import getmembers, isclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import TypeAdapter

from bot import workflows
from bot.workflows import activities
from bot.workflows.shape import SHAPE
from bot.workflows.worker import WORKFLOWS
from tools.guards.shapes import is_list, is_object

SHAPES = Path(__file__).parent / "shapes"

Fingerprints = Mapping[str, str]
"""`message Plan`, `step judge`, `signal decide of TaskWorkflow` → 16 hex digits of what it looks like."""


def fingerprints(found: Iterable[tuple[str, Iterable[Any]]]) -> Fingerprints:
    """Of each name with the types that it takes and gives, and of each message that these are made of."""
    takes = [(name, [TypeAdapter[Any](kind) for kind in kinds]) for name, kinds in found]
    inputs = [((name, number), adapter) for name, adapters in takes for number, adapter in enumerate(adapters)]
    schemas, messages = TypeAdapter.json_schemas([(key, "serialization", adapter) for key, adapter in inputs])
    shapes = {
        **{f"message {name}": schema for name, schema in messages.get("$defs", {}).items()},
        **{
            name: [schemas[(name, number), "serialization"] for number in range(len(adapters))]
            for name, adapters in takes
        },
    }
    return {name: _digest(shape) for name, shape in sorted(shapes.items())}


def of_this_build() -> Fingerprints:
    """All that its worker tells Temporal and is told by it, and the patches in its workflows' code."""
    return {**fingerprints([*_steps(), *_messages()]), **{f"patch {name}": "" for name in _patches()}}


def recorded(shape: int = SHAPE) -> Fingerprints | None:
    """What workers of this shape know. None: nobody recorded it."""
    file = SHAPES / f"{shape}.json"
    return json.loads(file.read_text("utf-8")) if file.exists() else None


def _steps() -> Iterator[tuple[str, Iterable[Any]]]:
    for module in _modules(activities):
        for _, cls in getmembers(module, isclass):
            functions: list[Any] = list(vars(cls).values()) if cls.__module__ == module.__name__ else []
            for function in functions:
                definition = getattr(function, "__dict__", {}).get("__temporal_activity_definition")
                if definition is not None:
                    yield f"step {definition.name}", _types(definition)


def _messages() -> Iterator[tuple[str, Iterable[Any]]]:
    for cls in WORKFLOWS:
        definition: Any = vars(cls)["__temporal_workflow_definition"]
        yield f"workflow {definition.name}", _types(definition)
        for kind in ("signal", "query", "update"):
            told: Mapping[str | None, Any] = getattr(definition, {"query": "queries"}.get(kind, f"{kind}s"))
            for name, each in told.items():
                yield f"{kind} {name} of {definition.name}", _types(each)


def _types(definition: Any) -> list[Any]:
    gives = getattr(definition, "ret_type", None)
    return [*(definition.arg_types or ()), *([gives] if gives is not None else [])]


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def _patches() -> set[str]:
    sources = Path(next(iter(workflows.__path__))).rglob("*.py")
    return {name for source in sources for name in re.findall(r"\.patched\(\s*\"([^\"]+)\"", source.read_text("utf-8"))}


def _digest(shape: object) -> str:
    return hashlib.sha256(json.dumps(_plain(shape), sort_keys=True).encode()).hexdigest()[:16]


def _plain(shape: object) -> object:
    """Without what is for people: a docstring changes nothing that a worker reads."""
    if is_object(shape):
        said = {name for name in ("title", "description") if isinstance(shape.get(name), str)}
        return {key: _plain(value) for key, value in shape.items() if key not in said}
    return [_plain(each) for each in shape] if is_list(shape) else shape


def record(*, only_new: bool) -> bool:
    """Write what this build has under its shape, and whether it did. `only_new`: not where one is recorded."""
    file = SHAPES / f"{SHAPE}.json"
    if only_new and file.exists():
        return False
    SHAPES.mkdir(exist_ok=True)
    file.write_text(json.dumps(of_this_build(), indent=1) + "\n", "utf-8")
    return True
