"""Several requests in one message, told apart by what joins them."""

from __future__ import annotations

import re

from bot.local.rehearsal.task_words import task_types_in
from bot.local.rehearsal.vocabulary import environments_in, plain, without_exclusions

_VERBS = (
    r"patch|fix|check|audit|find|review|build|promote|test|look|show|tell|prepare|analy[sz]e|reduce|save|cut|roll|"
    r"bring|plan|see|give|assess|validate|investigate|scan|list|estimate|report|remediate|install|update|simulate|run"
)
_JOINT = re.compile(
    r"(?:^|\n)\s*(?:\d{1,2}[.)]|[-*•])\s+"
    r"|[.;!?]\s+(?:(?:and|also|then|next|afterwards?)\b[,\s]*)*|[,;]?\s*\band then\b\s*|[,;]?\s+\bthen\b\s+"
    r"|[,;]?\s+(?:and )?also\b[,\s]+|[,;]?\s+additionally\b[,\s]+|[,;]?\s+plus\b\s+|,?\s+as well as\s+"
    rf"|,?\s+and\s+(?=(?:please\s+)?(?:{_VERBS})\b)|,\s+(?=(?:{_VERBS})\b)"
    r"|[,;]?\s+(?:und dann|und außerdem|außerdem|danach|und)\s+|[,;]?\s+(?:puis|ensuite|et aussi|et)\s+"
    r"|[,;]?\s+(?:y luego|luego|y también|además|y)\s+|[,;]?\s+(?:а затем|затем|а также|и)\s+"
    r"|(?:それから|そして|。|、次に)|(?:然后|并且|另外|。|,\s*再)",
    re.IGNORECASE,
)


_SAME_THING = re.compile(rf"^(?:please\s+)?(?:{_VERBS})\w*\s+(?:it|them|this|that|those|these)\b", re.IGNORECASE)


def parts_of(text: str) -> list[tuple[str, str]]:
    """(words as they were written, kind of work) for each of several different tasks; empty: it is one, or none.

    A part without a kind of its own, or that only does something to "it", belongs to the one before.
    """
    spans: list[tuple[int, int]] = []
    start = 0
    for end, next_start in [*((match.start(), match.end()) for match in _JOINT.finditer(text)), (len(text), len(text))]:
        words = text[start:end].strip()
        if words and spans and (_SAME_THING.match(words) or _is_same(text[slice(*spans[-1])], words)):
            spans[-1] = (spans[-1][0], end)
        elif words and _kind(words):
            spans.append((start, end))
        start = next_start
    parts = [(text[slice(*span)].strip(), _kind(text[slice(*span)])) for span in spans]
    return parts if len({(kind, *environments_in(plain(words))) for words, kind in parts}) > 1 else []


def _is_same(before: str, words: str) -> bool:
    """The same kind of work in the same place, or in none that is said."""
    where, there = environments_in(plain(words)), environments_in(plain(before))
    return _kind(before) == _kind(words) and (not where or list(where) == list(there))


def _kind(words: str) -> str:
    return next(iter(task_types_in(without_exclusions(plain(words)))), "")
