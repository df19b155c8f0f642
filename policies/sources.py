"""Where a rule stands in the policies' text, and what it read of an input: for people who ask why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from policies.bundle import Bundle, Module
from policies.engine import is_list, is_object
from tools.contracts.common import JsonObject

MAX_INPUTS = 12
_MAX_SHOWN = 160
_REFERENCE = re.compile(r"\b(input|limits|settings)((?:\.[a-z_]+)+)")
_WORD = re.compile(r"\b[a-z_]+\b")


@dataclass(frozen=True)
class RuleText:
    """One block of a module: a rule, or rules of one name that stand together."""

    module: Module
    line: int
    text: str


@dataclass(frozen=True)
class Sources:
    """The texts that an engine decides by."""

    bundle: Bundle

    def rule(self, rule: str) -> list[RuleText]:
        """The blocks that can refuse by this name."""
        name = rule.removeprefix("tenant.")
        return [block for block in self._blocks() if f'"{name}"' in block.text or f'"tenant.{name}"' in block.text]

    def inputs(self, rule: str, package: str, document: JsonObject) -> JsonObject:
        """What the rule reads, directly or through words of its package: path → value. Long values are shortened."""
        found: dict[str, object] = {}
        blocks = self.rule(rule)
        for block in [*blocks, *self._words_of(blocks, package)]:
            for root, path in _REFERENCE.findall(block.text):
                if root == "input":
                    found.setdefault(f"input{path}", _shown(_at(document, path)))
        return dict(list(found.items())[:MAX_INPUTS])

    def _words_of(self, blocks: list[RuleText], package: str) -> list[RuleText]:
        """Rules of the same package that these use, one step away."""
        used = {word for block in blocks for word in _WORD.findall(block.text)}
        mine = [block for block in self._blocks() if _package(block.module) == package]
        return [block for block in mine if _head(block.text) in used and block not in blocks]

    def _blocks(self) -> Iterator[RuleText]:
        for module in self.bundle.modules:
            line = 1
            for text in module.text.split("\n\n"):
                comments = len(text) - len(re.sub(r"\A(?:#.*\n|\n)*", "", text))
                yield RuleText(module, line + text[:comments].count("\n"), text)
                line += text.count("\n") + 2


def _package(module: Module) -> str:
    found = re.search(r"^package (\S+)", module.text, re.MULTILINE)
    return found.group(1) if found is not None else ""


def _head(text: str) -> str:
    code = re.sub(r"\A(?:#.*\n|\n)*(?:default )?", "", text)
    found = _WORD.match(code)
    return found.group() if found is not None else ""


def _at(document: object, path: str) -> object:
    for step in path.split(".")[1:]:
        document = document.get(step) if is_object(document) else None
    return document


def _shown(value: object) -> object:
    """Enough to see why: of a long list its length, of a long text its beginning."""
    if is_list(value) and len(str(value)) > _MAX_SHOWN:
        return f"a list of {len(value)}"
    if is_object(value) and len(str(value)) > _MAX_SHOWN:
        return f"an object with {', '.join(sorted(value)[:8])}"
    return value if len(str(value)) <= _MAX_SHOWN else f"{str(value)[:_MAX_SHOWN]}…"
