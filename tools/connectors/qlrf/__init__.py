"""QL-RF as a connector: the REST service that ADR-007 was written for. `estate` is its door."""
