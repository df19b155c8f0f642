"""What every contract refuses, whoever writes it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tools.contracts.plan import HealthCheck


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_number_that_is_none_is_no_number(number: str) -> None:
    """JSON has no such value: what holds one could be neither digested nor recorded."""
    with pytest.raises(ValidationError, match="finite number"):
        HealthCheck.model_validate_json(f'{{"kind": "error_rate_below", "threshold": {number}}}')
