"""How hypothesis draws thousands without taking a minute to say so, and how counts are told."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, Phase, settings

relaxed = settings(
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
"""Nothing is shrunk: the counts are the point, and an example that fails names itself."""


def told(title: str, counts: Counter[str]) -> None:
    """Print counts, the sum first. `pytest -s` shows them."""
    print(f"\n{title}: {counts.total()}")
    for name, count in sorted(counts.items()):
        print(f"  {count:5d} {name}")
