"""Money is added up exactly, and rounded once, when it leaves."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def exact(amount: float) -> Decimal:
    """The decimal number that the float was written as: 0.1 is a tenth."""
    return Decimal(str(amount))


def total(amounts: Iterable[float]) -> Decimal:
    return sum((exact(amount) for amount in amounts), Decimal(0))


def dollars(amount: Decimal) -> float:
    """To the cent, halves away from zero."""
    return float(amount.quantize(CENT, rounding=ROUND_HALF_UP))


def percent(part: Decimal, whole: Decimal) -> float | None:
    """None where there is no whole to be a part of."""
    return None if not whole else float(round(100 * part / whole, 2))
