"""Layer 4 (ADR-007): the validation pipeline. JSON Schema, then OPA, then safety, then the approval requirement."""
