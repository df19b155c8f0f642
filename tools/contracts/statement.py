"""Free text that has to be shown: every figure and name in it is backed by a tool result."""

from __future__ import annotations

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.plan import Receipt


class Statement(Contract):
    """One or two sentences. Every figure, asset, version, CVE and control in `text` is the value of one of its
    receipts, or contained in one: `tools/receipts.py` checks it, word by word."""

    text: str = Field(min_length=1, max_length=400)
    receipts: list[Receipt] = Field(default=[], max_length=40)
