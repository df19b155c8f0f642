"""The estate as the source that a security tool needs. One that keeps no such data is an error, not an absence."""

from __future__ import annotations

from tools.base import ToolContext
from tools.connectors.base import EstateError
from tools.connectors.vulnerability import CveAlertSource, ListenerSource, PackageSource, TopologySource


def package_source(context: ToolContext) -> PackageSource:
    if isinstance(context.estate, PackageSource):
        return context.estate
    raise EstateError(f"{context.estate.name} does not say which packages an image holds. Nothing was compared.")


def cve_alert_source(context: ToolContext) -> CveAlertSource:
    if isinstance(context.estate, CveAlertSource):
        return context.estate
    raise EstateError(f"{context.estate.name} keeps no scanner's findings. That is not an absence of findings.")


def listener_source(context: ToolContext) -> ListenerSource:
    if isinstance(context.estate, ListenerSource):
        return context.estate
    raise EstateError(f"{context.estate.name} does not say which ports are open. That is not an absence of open ports.")


def topology_source(context: ToolContext) -> TopologySource:
    if isinstance(context.estate, TopologySource):
        return context.estate
    raise EstateError(f"{context.estate.name} does not say which service needs which. Nothing was computed.")
