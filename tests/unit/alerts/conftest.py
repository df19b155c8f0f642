from __future__ import annotations

from tests.unit.workflows.conftest import temporal

__all__ = ["temporal"]
