"""What the code says of each setting: the text under it."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap

from pydantic import BaseModel


def field_words(model: type[BaseModel]) -> dict[str, str]:
    """Field → the text under it in the class, in one line. Of its bases, too."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base.__module__.startswith("bot."):
            found |= _own(base)
    return found


def _own(model: type[BaseModel]) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    found: dict[str, str] = {}
    for field, under in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(under, ast.Expr) and isinstance(under.value, ast.Constant) and isinstance(under.value.value, str):
            found[field.target.id] = one_line(under.value.value)
    return found


def class_words(model: type[BaseModel]) -> str:
    own = model.__dict__.get("__doc__")
    return one_line(own) if isinstance(own, str) else ""


def one_line(text: str) -> str:
    """As the code has it, for who does not read the code."""
    plain = re.sub(r":\w+:(?=`)", "", " ".join(text.split()))
    return re.sub(r"\bNone: ", "Not set: ", plain)
