"""Layer 3 (ADR-007): the tool registry, the dispatcher and its guards, and the contracts every layer shares."""
