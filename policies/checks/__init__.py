"""The safety gate's checks: one small function each, from a plan and what was observed to refusals."""
