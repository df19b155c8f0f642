"""What is wrong with the settings, one line each: the key, what was found (never a secret), what is allowed."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, SecretStr, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings


class SettingsError(Exception):
    """Gavel cannot start as configured. `lines` are for the person: exit code 2, no traceback."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """Refuses a key given twice, of which plain YAML would silently keep the last. A key is a name as it is written:
    to plain YAML `off` is false, and `gates: {off: …}` would name nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} is there twice", problem_mark=key.start_mark)
            seen.add(key.value)
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                key.tag = "tag:yaml.org,2002:str"
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The file's mapping. Raises :class:`SettingsError` with the line number; never quotes the file's text."""
    try:
        data: object = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: cannot be read ({type(error).__name__}); it must be UTF-8 YAML"]) from None
    except yaml.MarkedYAMLError as error:
        where = f" line {error.problem_mark.line + 1}" if error.problem_mark is not None else ""
        raise SettingsError([f"{path}{where}: {error.problem or 'not YAML'}; the file must be YAML"]) from None
    except yaml.YAMLError:
        raise SettingsError([f"{path}: holds characters that YAML does not allow"]) from None
    except (ValueError, RecursionError):
        raise SettingsError([f"{path}: is nested too deeply, or holds a number or a date that is none"]) from None
    if data is None:
        return {}
    try:
        return TypeAdapter(dict[str, Any]).validate_python(data, strict=True)
    except ValidationError:
        raise SettingsError([f"{path}: got a {type(data).__name__}; the top must be a mapping of names"]) from None


def explain(error: ValidationError, *, root: type[BaseModel], file: Path | None) -> list[str]:
    """One line for each error of a tree whose sections are :class:`BaseSettings`."""
    return list(dict.fromkeys(_line(details, root, file) for details in error.errors(include_url=False)))


class _Place:
    """Where in the tree an error is: the key as the person wrote it, and whether its value may be shown."""

    def __init__(self, loc: tuple[int | str, ...], root: type[BaseModel], file: Path | None) -> None:
        self.model: type[BaseModel] = root
        """The innermost declared model on the path."""
        self.secret = False
        self.is_section = not loc
        """A rule of the whole tree names its keys itself."""
        variable: str | None = None
        path = ""
        for part in loc:
            if isinstance(part, int):
                path += f"[{part}]"
                continue
            self.is_section = False
            field = self.model.model_fields.get(part)
            path += f".{part}" if path else part
            if field is None:
                continue
            self.secret = _mentions(field.annotation, SecretStr) is not None
            if issubclass(self.model, BaseSettings):
                variable = f"{self.model.model_config.get('env_prefix', '')}{part}".upper()
            inner = _mentions(field.annotation, BaseModel)
            if inner is not None:
                self.model = inner
                self.is_section = isinstance(field.annotation, type)
        self.leaf = str(loc[-1]) if loc else ""
        if variable is not None and any(name.upper() == variable and value for name, value in os.environ.items()):
            self.key = variable
        else:
            self.key = f"{path} in {file}" if file is not None else path


def _mentions(annotation: object, wanted: type[Any]) -> type[Any] | None:
    """The first subclass of `wanted` in an annotation such as `list[MemberSettings] | None`."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, wanted) else None
    return next((found for arg in get_args(annotation) if (found := _mentions(arg, wanted)) is not None), None)


_ALLOWED = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "string_type": "must be text; put it in quotes",
    "model_type": "must be a mapping of keys to values",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "missing": "is required",
}

_LOOKS_SECRET = re.compile(r"(?i)xox|xapp|sk-|akia|gh[opsu]_|eyj|://[^/]*@")


def _line(details: ErrorDetails, root: type[BaseModel], file: Path | None) -> str:
    place = _Place(details["loc"], root, file)
    kind = details["type"]
    if kind == "extra_forbidden":
        known = list(place.model.model_fields)
        close = difflib.get_close_matches(place.leaf, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"allowed: {', '.join(known)}"
        return f"{place.key}: unknown key; {hint}"
    allowed = _ALLOWED.get(kind) or details["msg"].removeprefix("Value error, ").replace("Input should", "must")
    if place.is_section and kind == "value_error":
        return allowed  # a rule between keys, whose message names them
    found = "nothing" if kind == "missing" else _shown(details["input"], secret=place.secret)
    return f"{place.key}: got {found}; {allowed}"


def _shown(value: object, *, secret: bool) -> str:
    """The value as found, unless it is, looks like, or may contain a secret."""
    if not isinstance(value, str | int | float | bool):
        return "nothing" if value is None else f"a {type(value).__name__}"
    text = str(value)
    if secret or len(text) > 40 or _LOOKS_SECRET.search(text):
        return f"a value of {len(text)} characters"
    return repr(value)
