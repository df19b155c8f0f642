"""Incident tools: alerts, logs, changes, and what came before what (ADR-007 table)."""

from tools.incident.toolset import incident_tools

__all__ = ["incident_tools"]
