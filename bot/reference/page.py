"""docs/configuration.md, whole: `gavel config reference`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from bot.redaction import is_array
from bot.reference.types import bounds_of, bounds_words, models_in, type_words
from bot.reference.words import class_words, field_words
from bot.settings import CONFIG_VARIABLE, SECTIONS, Settings

HEAD = f"""# Configuration

Written from the settings tree by `make docs`; a test fails when the two differ. Do not edit it by hand.

A setting is an environment variable, or a key of `gavel.yaml` (`./gavel.yaml`, or the file that `{CONFIG_VARIABLE}`
names). The environment wins. An empty variable counts as not set; an unknown key is an error. Lists are separated by
commas in the environment; what is a mapping there is written as JSON, or as `name=value,…`, and reads better in
`gavel.yaml`. `gavel doctor` says what is wrong, one line for each thing.

Models' keys are read by their providers' own names (`ANTHROPIC_API_KEY`, `OPENAI_API_KEY`, `GEMINI_API_KEY`,
`AZURE_API_KEY`, …): see [configure](configure.md). Traces go where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and follow
OpenTelemetry's other variables: see [operate](operate.md).
"""


def reference() -> str:
    """The page. The same tree always makes the same page."""
    parts = [HEAD, _section("general", Settings, prefix="", variables="GAVEL_")]
    for name, section in SECTIONS.items():
        variables = section.model_config.get("env_prefix", "")
        parts.append(_section(name, section, prefix=f"{name}.", variables=variables))
    return "\n".join(parts)


def _section(title: str, model: type[BaseModel], *, prefix: str, variables: str) -> str:
    said = "" if model is Settings else class_words(model)
    lines = [f"## {title}", "", *([said, ""] if said else []), *_HEADER]
    words = field_words(model)
    for name, field in model.model_fields.items():
        if model is Settings and name in SECTIONS:
            continue
        lines.append(_row(f"`{variables}{name}`".upper(), f"`{prefix}{name}`", field, words.get(name, "")))
        for inner in models_in(field.annotation):
            lines += _inner(inner, f"{prefix}{name}{_step(field)}")
    return "\n".join([*lines, ""])


_HEADER = ("| variable | in `gavel.yaml` | takes | unless set | |", "|---|---|---|---|---|")


def _inner(model: type[BaseModel], path: str) -> Iterator[str]:
    """Keys below a key have no variable of their own."""
    words = field_words(model)
    for name, field in model.model_fields.items():
        key = f"{path}.{field.alias or name}"
        yield _row("", f"`{key}`", field, words.get(name, ""))
        for below in models_in(field.annotation):
            yield from _inner(below, f"{key}{_step(field)}")


def _step(field: FieldInfo) -> str:
    taken = type_words(field.annotation)
    return "[]" if taken.startswith("list") else ".NAME" if "→" in taken else ""


def _row(variable: str, key: str, field: FieldInfo, words: str) -> str:
    bounds = bounds_words([*field.metadata, *bounds_of(field.annotation)])
    taken = type_words(field.annotation) + (f", {bounds}" if bounds else "")
    cells = [variable, key, taken, _default(field), words]
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: object = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr | BaseModel) or value is None or value in ({}, []):
        return ""
    if is_array(value):
        return f"`{','.join(str(each) for each in value)}`"
    return f"`{json.dumps(value)}`" if isinstance(value, bool) else f"`{value}`"
