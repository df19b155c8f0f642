"""What the models were used for and what that cost, read from the request log (ADR-006)."""
