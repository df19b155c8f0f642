"""Which model is asked first: what was measured, who chooses by it, and `gavel models` that explains it."""
