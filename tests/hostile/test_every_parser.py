"""No parser at the edge breaks, hangs, swells or tells a secret, whatever it is given; and none is left out."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from tests.hostile.edges import BYTES, OURS, SHAPES, WORDS, Refusals
from tools.contracts.common import JsonObject

ROOT = Path(__file__).parents[2]
SECRET = "ghp_" + "a1B2" * 9
"""It is in half of what is fed, and in no error."""

_CHUNKS = (
    *("{", "}", "[", "]", '"', "\\", "\\u0000", "\x00", "\ud800", "\u202e", "\u200b", "\u274c", "\r\n", "\n", "---"),
    *("NaN", "1e999", "-", "0" * 50, "9" * 5000, "null", "true", ":", ",", "=", "<", ">", "&amp;", "*", "`", "|"),
    *("../", "%00", "!!python/object:os.system", "&a [*a]", "{{ 7 * 7 }}", "<!channel>", "T", "Z", "+99:99", SECRET),
)
_LONG = 100_000
PILES = [
    (piece * (_LONG // len(piece) + 1))[:_LONG]
    for piece in (
        *("[", "{", '{"a":', "- ", "&a [", "<", "*_", "a=", "1.", "1:", "a-", "\n", " ", "(", "9", "\\", "```", "ab12"),
        *("A", "://a:", "password=", "\x00"),
    )
]
"""What makes a careless pattern look at each of them again for every other."""

SECONDS = 5.0
"""Of this process, for one of those: linear ones take milliseconds; a quadratic one, minutes."""


@st.composite
def near(draw: st.DrawFn, like: tuple[str, ...]) -> str:
    """Something right with pieces cut out, put in and said twice; or anything at all."""
    text = draw(st.sampled_from(like) | st.text(max_size=200)) if like else draw(st.text(max_size=200))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(text)))
        to = draw(st.integers(at, min(len(text), at + 20)))
        piece = draw(st.sampled_from(_CHUNKS) | st.text(max_size=5) | st.just(text[at:to] * 2) | st.just(""))
        text = text[:at] + piece + text[to:]
    return text


def shaped(keys: tuple[str, ...], like: tuple[JsonObject, ...]) -> st.SearchStrategy[JsonObject]:
    leaves: st.SearchStrategy[JsonValue] = (
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.sampled_from(_CHUNKS)
    )
    values: st.SearchStrategy[JsonValue] = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(keys), inner, max_size=5),
        max_leaves=20,
    )
    whole = st.dictionaries(st.sampled_from(keys) | st.text(max_size=8), values, max_size=6)
    bases: list[JsonObject] = [*like, {}]
    return whole | st.tuples(st.sampled_from(bases), whole).map(_over)


def _over(pair: tuple[JsonObject, JsonObject]) -> JsonObject:
    return {**pair[0], **pair[1]}


def fed(read: Callable[[], object], raises: Refusals, *, size: int, public: bool = False) -> None:
    """One reading: what comes of it is bounded, or it is refused as documented, without a secret."""
    try:
        result = read()
    except raises as error:
        said = _said(error)
        assert public or SECRET[:12] not in said
        assert len(said) <= 5_000
    else:
        assert len(repr(result)) <= 20 * size + 20_000


def _said(error: Exception) -> str:
    """Pydantic's own sentence quotes what it was given: whoever shows one must ask for it without."""
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False, include_context=False)[:20]
        return "; ".join(f"{'.'.join(map(str, one['loc']))[:100]}: {one['msg']}" for one in found)
    return str(error)


@pytest.mark.parametrize("name", WORDS)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_words(name: str, data: st.DataObject) -> None:
    edge = WORDS[name]
    text = data.draw(near(tuple(edge.like)))
    fed(lambda: edge.read(text), edge.raises, size=len(text))


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_shapes(name: str, data: st.DataObject) -> None:
    edge = SHAPES[name]
    value = data.draw(shaped(tuple(edge.keys), tuple(edge.like)))
    fed(lambda: edge.read(value), edge.raises, size=len(repr(value)), public=edge.public)


@pytest.mark.parametrize("name", BYTES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_bytes(name: str, data: st.DataObject) -> None:
    edge = BYTES[name]
    texts = tuple(one.decode("latin-1") for one in edge.like)
    raw = data.draw(near(texts).map(_encoded(data.draw(st.booleans()))) | st.binary(max_size=300))
    fed(lambda: edge.read(raw), edge.raises, size=len(raw), public=edge.public)


def _encoded(as_bytes: bool) -> Callable[[str], bytes]:
    return lambda text: text.encode("latin-1" if as_bytes else "utf-8", errors="replace")


@pytest.mark.parametrize("name", [*WORDS, *BYTES])
def test_a_secret_in_the_wrong_place_is_in_no_refusal(name: str) -> None:
    like = WORDS[name].like if name in WORDS else [one.decode("latin-1") for one in BYTES[name].like]
    for text in (SECRET, *(f"{one} {SECRET}" for one in like), *(f"{SECRET}{one}" for one in like)):
        if name in WORDS:
            fed(lambda text=text: WORDS[name].read(text), WORDS[name].raises, size=len(text))
        else:
            fed(
                lambda text=text: BYTES[name].read(text.encode("latin-1")),
                BYTES[name].raises,
                size=len(text),
                public=BYTES[name].public,
            )


@pytest.mark.parametrize("name", [*WORDS, *BYTES])
def test_a_pile_is_read_in_the_time_of_its_length(name: str) -> None:
    for pile in PILES:
        began = time.process_time()
        if name in WORDS:
            fed(lambda pile=pile: WORDS[name].read(pile), WORDS[name].raises, size=len(pile))
        else:
            fed(
                lambda pile=pile: BYTES[name].read(pile.encode()),
                BYTES[name].raises,
                size=len(pile),
                public=BYTES[name].public,
            )
        assert time.process_time() - began < SECONDS, f"{pile[:10]!r} and so on"


@pytest.mark.parametrize("name", SHAPES)
def test_a_pile_under_every_key_is_read_in_the_time_of_its_length(name: str) -> None:
    edge = SHAPES[name]
    for pile in PILES:
        for value in (dict.fromkeys(edge.keys, pile), *({**one, "text": pile} for one in edge.like)):
            began = time.process_time()
            fed(lambda value=value: edge.read(value), edge.raises, size=len(pile), public=edge.public)
            assert time.process_time() - began < SECONDS, f"{pile[:10]!r} and so on"


_DECODES = {
    *("loads", "raw_decode", "safe_load", "validate_json", "model_validate_json", "b64decode", "unescape", "fromhex"),
    *("ZipFile", "strptime", "literal_eval", "get_single_data"),
}
_PARSES = re.compile(r"_?(?:parse|decode)(?:_\w+)?")


def decoding() -> Iterator[str]:
    """Modules that decode something, by what they call or define. Nobody else reaches the local stand-ins."""
    for folder in ("bot", "agents", "tools", "policies", "prompts"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.is_relative_to(ROOT / "bot" / "local"):
                continue
            nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
            called = {_name(node.func) for node in nodes if isinstance(node, ast.Call)}
            defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
            if called & _DECODES or any(_PARSES.fullmatch(name) for name in defined):
                yield str(path.relative_to(ROOT))


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


EDGES = {edge.module for edges in (WORDS, SHAPES, BYTES) for edge in edges.values()}


def test_no_parser_is_left_out() -> None:
    missing = set(decoding()) - EDGES - set(OURS)
    assert not missing, f"Put these into tests/hostile/edges.py, or say there why they read nothing foreign: {missing}"


def test_nothing_is_excused_that_is_not_there() -> None:
    assert set(OURS) <= set(decoding())
    assert not EDGES & set(OURS)
    assert all((ROOT / module).is_file() for module in EDGES)
