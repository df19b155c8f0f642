from __future__ import annotations

from tests.unit.listeners.conftest import slack, temporal
from tests.unit.policies.conftest import own_opa_server

__all__ = ["own_opa_server", "slack", "temporal"]
