"""Compliance tools: controls judged from records, measured now, and put into evidence (ADR-007 table)."""

from tools.compliance.toolset import compliance_tools

__all__ = ["compliance_tools"]
