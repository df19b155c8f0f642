"""What of an alert's words changes from one time to the next: taken out of what its fingerprint is of.

Two mistakes are possible, and they do not weigh the same. What is wrongly taken for another alert is a card too many;
what is wrongly taken for the same is a trouble that nobody looks into. So a number or an id goes only where the words
around it say that it is a time, was measured, or names one occurrence. Anything else may name what is in trouble.
"""

from __future__ import annotations

import re

from tools.whole_text import whole_text

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
_CLOCK = r"(?:[01]\d|2[0-4]):[0-5]\d(?::[0-6]\d(?:[.,]\d{1,9})?)?"
_ZONE = r"(?:\s?(?:z|utc|gmt|[+-]\d\d:?\d\d))?"
# On its own: `00:11:22:33:44:55` is a network card and `fe80::10:20` an address; neither holds a time.
_BEGIN = r"(?<![\w:.-])"
_END = r"(?![\w:-]|[.,]\w)"
_MOMENT = re.compile(
    rf"{_BEGIN}\d{{4}}-\d\d-\d\d(?:[t ]{_CLOCK}{_ZONE})?{_END}"
    rf"|{_BEGIN}(?:{_DAY},?\s)?(?:\d{{1,2}}\s{_MONTH}|{_MONTH}\s{{1,2}}\d{{1,2}})(?:,?\s\d{{4}})?{_END}"
    rf"|{_BEGIN}\d{{1,2}}/\d{{1,2}}/\d{{4}}{_END}"
    rf"|{_BEGIN}{_CLOCK}{_ZONE}{_END}"
)

_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_OCCURRENCE = re.compile(
    r"(?P<kept>\b(?:request|req|trace|span|correlation|event|execution|invocation|run|job|session|transaction|message"
    r"|attempt|occurrence|notification)(?P<id>[\s_-]?(?:id|uuid))?[\"']?(?:\s?[:=#]\s?|\s(?:is\s)?)[\"'(]?)"
    rf"(?:{_UUID}|[0-9a-f]{{16,64}}|(?(id)\d{{1,20}}|(?!)))(?![\w-])"
)
"""Of one request, one trace, one run. A machine, a disk or a tenant has ids of the same form, and keeps them."""

_WHOLE = r"(?<![\w.:-])-?\d{1,15}"
_NUMBER = rf"{_WHOLE}(?:[.,]\d{{1,15}})?"
_UNIT = (
    r"\s?(?:%|percent\b|°c|[kmgtp]i?b(?:it|yte)?s?(?:/s|ps)?\b|bytes?\b|[kmg]?hz\b|[a-zµ]{1,10}/(?:s|sec|min|h)\b"
    r"|(?:rps|qps|iops)\b|[mµun]s\b|sec(?:ond)?s?\b|min(?:ute)?s?\b|hours?\b|days?\b)"
    # One letter may be a name's, unless it stands at the number; and `0b:1c:…` is a network card.
    r"|[bsmhd](?!\w|[:-]\w)"
    r"|\s(?:errors?|failures?|retries|requests?|messages?|connections?|times|restarts?|timeouts?)"
    r"\s(?:in|per|within|over|since|during)\b"
)
_MEASURED = re.compile(rf"{_NUMBER}(?={_UNIT}|\s{{0,2}}[<>≤≥]=?\s)")
_SAID = re.compile(
    r"(?P<kept>\b(?:value|count|total|sum|avg|average|mean|max|min|p\d\d|current(?:ly)?|load|usage|utili[sz]ation"
    r"|latency|lag|delay|duration|length|depth|size|temperature|temp|rate|ratio|score|cpu|memory|swap|timestamp|epoch)"
    r"(?P<says>\s?[:=]|\s(?:is|was|at|of|now|reached))?\s{0,2}\(?)"
    rf"(?(says){_NUMBER}|{_WHOLE}[.,]\d{{1,15}})(?:,\s{_NUMBER}){{0,4}}{_END}"
)
"""`queue length is 153`, `load 4.71, 3.2, 1.1`; but `cpu 3` may be the one that is broken."""


def without_values(text: str) -> str:
    """Times, ids of occurrences and measured values out of the text; what is left names the trouble.

    In lower case, on one line. Every other number stays: it may be a port, a status code, a version, a part of a name.
    """
    text = whole_text(text).lower()
    text = _MOMENT.sub("#", text)
    text = _OCCURRENCE.sub(r"\g<kept>#", text)
    text = _SAID.sub(r"\g<kept>#", text)
    return " ".join(_MEASURED.sub("#", text).split())
