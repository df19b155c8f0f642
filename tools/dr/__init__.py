"""Recovery tools: objectives computed, failovers simulated, runbooks written, drills run (ADR-007 table)."""

from tools.dr.toolset import dr_tools

__all__ = ["dr_tools"]
