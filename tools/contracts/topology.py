"""Which service needs which. A service is what the assets with one `role` tag are together."""

from __future__ import annotations

from typing import Literal

from tools.contracts.common import Contract


class ServiceDependency(Contract):
    """`service` calls `depends_on`."""

    org_id: str
    service: str
    depends_on: str
    kind: Literal["hard", "soft"]
    """`hard`: without it the service fails; `soft`: it goes on worse."""
