"""The whole connector: what tools see of QL-RF."""

from __future__ import annotations

from tools.connectors.qlrf.recovery import QlrfRecovery


class QlrfEstate(QlrfRecovery):
    """Implements `Estate`, `AlertSource`, `ImagePromoter` and `RecoverySource` over QL-RF's REST API."""
