"""What a monitor said of one alert: it fired, or it is over. The estate's own record of one is `incident.Alert`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tools.contracts.common import Contract
from tools.contracts.incident import AlertSeverity

NoticeSource = Literal["alertmanager", "grafana", "datadog", "pagerduty", "cloudwatch", "sentry", "text"]
NoticeStatus = Literal["firing", "resolved"]

MOST_TITLE = 200
MOST_TEXT = 8000
MOST_LABELS = 40
MOST_LABEL_NAME = 100
MOST_LABEL_VALUE = 200


class AlertNotice(Contract):
    """One shape for every monitor. All text in it is a stranger's."""

    source: NoticeSource
    """`text`: of no monitor that is known; layer 1 reads it like any other request."""
    fingerprint: str = Field(pattern=r"^[0-9a-f]{16,64}$")
    """The same for the same trouble, whatever its state, value or time."""
    status: NoticeStatus
    severity: AlertSeverity
    """`warning` where the monitor does not say."""
    title: str = Field(min_length=1, max_length=MOST_TITLE)
    text: str = Field(max_length=MOST_TEXT)
    """Everything it said, for layer 1."""
    labels: dict[str, str] = Field(default={}, max_length=MOST_LABELS)
    """Names in lower case, e.g. `service`, `host`, `site`."""
