"""Reading an org's own policies: each module in its own place, in words that both engines know, or nothing starts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import regorus

from policies.bundle import PACKAGES, ROOT, TENANTS_AT, Bundle, Module, Tenant
from policies.tenants import ORG_AT

MAX_MODULES = 50
MAX_MODULE_BYTES = 256 * 1024

LIBRARY = "lib"
"""A package that nobody asks: words that the others share."""

_ELSEWHERE = re.compile(
    r"\b(?:http\.send|opa\.runtime|net\.lookup_ip_addr|rand\.intn|time\.now_ns|uuid\.rfc4122|rego\.parse_module|trace|walk)\b"
)
"""Builtins that reach outside the input: a decision would not be the same when it is asked again."""

_COMMENT_LINE = re.compile(r"^\s*#.*$", re.MULTILINE)


class TenantPoliciesError(ValueError):
    """An org's policies cannot be used. The message is for the person who configured them."""


@dataclass(frozen=True)
class TenantPolicies:
    """One org's own policies, read and found to keep to their place."""

    org: str
    tenant: Tenant
    modules: tuple[Module, ...]
    tests: tuple[Module, ...]
    """`*_test.rego`: not loaded where decisions are made."""


def slug_of(org: str) -> str:
    """The org's name as a part of a package's: `t0acme` of `T0ACME`."""
    plain = re.sub(r"[^a-z0-9_]", "_", org.lower())
    return plain if plain[:1].isalpha() else f"o{plain}"


def read_tenant(org: str, directory: Path) -> TenantPolicies:
    """Every `.rego` file under the directory. Raises :class:`TenantPoliciesError`."""
    tenant = Tenant(slug_of(org), frozenset())
    paths = sorted(path for path in directory.rglob("*.rego") if path.is_file()) if directory.is_dir() else []
    if not paths:
        raise TenantPoliciesError(f"{org}: there is no .rego file in {directory}.")
    if len(paths) > MAX_MODULES:
        raise TenantPoliciesError(f"{org}: {directory} has {len(paths)} .rego files; at most {MAX_MODULES} are read.")
    modules: list[Module] = []
    tests: list[Module] = []
    packages: set[str] = set()
    for path in paths:
        name = path.relative_to(directory).as_posix()
        module = Module(f"{TENANTS_AT}{tenant.slug}/{name}", _text(org, path))
        is_test = name.endswith("_test.rego")
        part = _place(org, name, module, tenant, is_test=is_test)
        _keeps_to_itself(org, name, module.text, tenant)
        if is_test:
            tests.append(module)
            continue
        modules.append(module)
        if part != LIBRARY:
            packages.add(f"{PACKAGES}.{part}")
    if not packages:
        raise TenantPoliciesError(f"{org}: no module in {directory} is of a package that is asked.")
    # What others use comes first: a server compiles after each module.
    modules.sort(key=lambda module: (not _package(org, module).endswith(f".{LIBRARY}"), module.id))
    return TenantPolicies(org, Tenant(tenant.slug, frozenset(packages)), tuple(modules), tuple(tests))


def with_tenants(house: Bundle, own: Iterable[TenantPolicies]) -> Bundle:
    """The house's bundle with the orgs' modules. Raises :class:`TenantPoliciesError` where they do not work in it."""
    tenants: dict[str, Tenant] = {}
    modules = list(house.modules)
    for policies in own:
        taken = next((org for org, tenant in tenants.items() if tenant.slug == policies.tenant.slug), None)
        if taken is not None:
            raise TenantPoliciesError(f"{policies.org} and {taken} would both be {policies.tenant.slug}: rename one.")
        tenants[policies.org] = policies.tenant
        modules.extend(policies.modules)
        _works(house, policies)
    return replace(house, modules=tuple(modules), tenants=tenants)


def _text(org: str, path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MAX_MODULE_BYTES:
            raise TenantPoliciesError(f"{org}: {path.name} has {len(data)} bytes; at most {MAX_MODULE_BYTES} are read.")
        return data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TenantPoliciesError(f"{org}: {path} cannot be read ({type(error).__name__}).") from error


def _package(org: str, module: Module) -> str:
    """By regorus's own parser, not by the text: a comment can look like a package."""
    try:
        package: object = regorus.Engine().add_policy(module.id, module.text)
    except RuntimeError as error:
        raise TenantPoliciesError(f"{org}: {module.id} is no Rego: {_first_line(error)}") from error
    return str(package)


def _place(org: str, name: str, module: Module, tenant: Tenant, *, is_test: bool) -> str:
    """The last part of the package's name. Raises :class:`TenantPoliciesError` for a package of anybody else's."""
    package = _package(org, module)
    prefix = f"data.{PACKAGES}.tenants.{tenant.slug}."
    part = package.removeprefix(prefix)
    plain = part.removesuffix("_test") if is_test else part
    known = {house.removeprefix(f"{PACKAGES}.") for house in ORG_AT} | {LIBRARY}
    if not package.startswith(prefix) or plain not in known:
        raise TenantPoliciesError(
            f"{org}: {name} is of package {package.removeprefix('data.')}; it must be {prefix.removeprefix('data.')}"
            f"… with one of {', '.join(sorted(known))}. An org adds rules of its own and cannot change the house's."
        )
    return part


def _keeps_to_itself(org: str, name: str, text: str, tenant: Tenant) -> None:
    """It reads its input, the house's data and decisions, and its own words; no other org's, and nothing outside."""
    code = _COMMENT_LINE.sub("", text)
    if (reaching := _ELSEWHERE.search(code)) is not None:
        raise TenantPoliciesError(f"{org}: {name} uses {reaching.group()}: a policy decides by its input alone.")
    houses = "|".join(sorted({house.removeprefix(f"{PACKAGES}.") for house in ORG_AT} | {LIBRARY, "calendar"}))
    own = rf"(?:{ROOT}|ql\.ai\.(?:{houses}|tenants\.{tenant.slug}))\b"
    if re.search(rf"\bdata\b(?!\.{own})", code) is not None:
        raise TenantPoliciesError(
            f"{org}: {name} reads `data` beyond data.{ROOT}, the house's packages and data.{PACKAGES}.tenants."
            f"{tenant.slug}: an org's policies see no other org's."
        )


def _works(house: Bundle, policies: TenantPolicies) -> None:
    """Whether every decision can be asked for beside the house's. Undefined is well, and a refusal when it is asked."""
    engine = regorus.Engine()
    try:
        for module in (*house.modules, *policies.modules):
            engine.add_policy(module.id, module.text)
        engine.add_data_json(json.dumps({ROOT: house.data}))
        engine.set_input_json("{}")
        for package in sorted(policies.tenant.packages):
            engine.eval_query_as_json(f"data.{policies.tenant.package(package)}.decision")
            engine.eval_query_as_json(f"data.{package}.decision")
    except RuntimeError as error:
        raise TenantPoliciesError(f"{policies.org}: its policies cannot be evaluated: {_first_line(error)}") from error
    finally:
        del engine  # it may be dropped on this thread alone, and the traceback of an error would keep it


def _first_line(error: Exception) -> str:
    return str(error).split("Stack backtrace", maxsplit=1)[0].strip()[:300]
