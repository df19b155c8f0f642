"""The connector that the settings name."""

from __future__ import annotations

from pathlib import Path

from bot.local.estate.estate import SampleEstate
from bot.settings import EstateSettings
from tools.connectors.qlrf.client import QlrfClient
from tools.connectors.qlrf.estate import QlrfEstate


def open_estate(settings: EstateSettings, *, org: str, sample: Path) -> SampleEstate | QlrfEstate:
    """Nothing is asked yet. Close it when done. `sample`: the file of the sample estate."""
    if settings.url is None or settings.token is None:
        return SampleEstate(sample)
    client = QlrfClient(settings.url, settings.token.get_secret_value(), timeout_seconds=settings.timeout_seconds)
    return QlrfEstate(client, org, remote_org=settings.org, environments=settings.environments)
