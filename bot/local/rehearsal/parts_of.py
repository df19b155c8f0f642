"""Several requests in one message, told apart by what joins them."""

from __future__ import annotations

import re

from bot.local.rehearsal.task_words import task_types_in
from bot.local.rehearsal.vocabulary import plain, without_exclusions

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


def parts_of(text: str) -> list[tuple[str, str]]:
    """(words as they were written, kind of work) for each of several different tasks; empty: it is one, or none.

    A part without a kind of its own belongs to the one before: "find out why checkout is slow and tell me".
    """
    parts: list[tuple[str, str]] = []
    start = 0
    for end, next_start in [*((match.start(), match.end()) for match in _JOINT.finditer(text)), (len(text), len(text))]:
        words, kinds = text[start:end].strip(), task_types_in(without_exclusions(plain(text[start:end])))
        if kinds and parts and parts[-1][1] == kinds[0]:
            parts[-1] = (f"{parts[-1][0]}{text[text.rfind(parts[-1][0]) + len(parts[-1][0]) : end]}", kinds[0])
        elif kinds:
            parts.append((words, kinds[0]))
        start = next_start
    return parts if len({kind for _, kind in parts}) > 1 else []
