"""The policies as they are shipped: Rego modules and their default data, read from the package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from policies.engine import is_object, normalized_object
from tools.contracts.common import JsonObject, digest_of

PACKAGES = "ql.ai"
"""Every package is `ql.ai.…` (ADR-007, integration with OPA)."""

TENANTS_AT = "ql/ai/tenants/"
"""Where the ids of orgs' own modules begin."""

ROOT = "gavel"
"""All data lies under `data.gavel`."""

_LAYERS = (
    re.compile(r"lib\.rego"),
    re.compile(r"calendar\.rego"),
    re.compile(r"\w+_words\.rego"),
    re.compile(r"\w+_\w+\.rego"),
    re.compile(r".*"),
)
"""A server compiles after each module it is given, so a module comes after those whose rules it uses."""


@dataclass(frozen=True)
class Module:
    """One Rego file."""

    id: str
    """`ql/ai/safety.rego`: its path in the bundle, and its id on an OPA server."""
    text: str


@dataclass(frozen=True)
class Tenant:
    """What an org's own policies are called, and which of the house's packages they add to."""

    slug: str
    packages: frozenset[str]
    """E.g. `ql.ai.safety`."""

    def package(self, house: str) -> str:
        """`ql.ai.tenants.t0acme.safety` for `ql.ai.safety`."""
        return f"{PACKAGES}.tenants.{self.slug}.{house.removeprefix(f'{PACKAGES}.')}"


@dataclass(frozen=True)
class Bundle:
    """Modules in the order in which an engine can load them, and the data under `data.gavel`."""

    modules: tuple[Module, ...]
    data: JsonObject
    """Of `data.gavel`: `limits`, `freezes` and the rest of `policies/rego/gavel/data.json`."""

    configured: frozenset[str] = frozenset()
    """Keys of `data` that were given, not shipped: they win over what an OPA server already holds."""

    tenants: Mapping[str, Tenant] = field(default_factory=dict[str, Tenant])
    """Org → the policies of its own, whose modules are among `modules`. See :mod:`policies.tenants`."""

    @property
    def digest(self) -> str:
        return bundle_digest({module.id: module.text for module in self.modules}, self.data)


def bundle_digest(modules: Mapping[str, str], data: JsonObject) -> str:
    """`sha256:…` over the modules' exact texts by id and the data under `data.gavel`; the same for every engine."""
    return digest_of({"modules": dict(modules), "data": normalized_object(data)})


def load_bundle(data: JsonObject | None = None) -> Bundle:
    """The shipped policies. `data` replaces whole top-level keys of the default data, e.g. `freezes`.

    Raises `ValueError` when `data` has a key no policy reads: a misspelt freeze must not pass for none.
    """
    shipped = files("policies") / "rego"
    folder = shipped.joinpath(*PACKAGES.split("."))
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name.endswith(".rego") and not entry.name.endswith("_test.rego")
    )
    names.sort(key=_layer)
    modules = tuple(
        Module(f"{PACKAGES.replace('.', '/')}/{name}", (folder / name).read_text("utf-8")) for name in names
    )
    defaults: object = json.loads((shipped / ROOT / "data.json").read_text("utf-8"))
    if not is_object(defaults):
        raise ValueError("policies/rego/gavel/data.json is not a JSON object.")
    given = {} if data is None else data
    if unknown := sorted(set(given) - set(defaults)):
        raise ValueError(f"No policy reads data.gavel.{unknown[0]}. Known are: {', '.join(sorted(defaults))}.")
    return Bundle(modules=modules, data={**defaults, **given}, configured=frozenset(given))


def _layer(name: str) -> int:
    return next(number for number, pattern in enumerate(_LAYERS) if pattern.fullmatch(name))
