"""Cost tools: bills added up, savings computed from use, forecasts against budgets (ADR-007 table)."""

from tools.cost.toolset import cost_tools

__all__ = ["cost_tools"]
