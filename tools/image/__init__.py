"""Image tools: versions, contracts, builds, validation, promotion (ADR-007 table)."""
