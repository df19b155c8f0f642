"""Patch tools: the CVE feed, the risk of a change, rollouts that close vulnerabilities (ADR-007 table)."""
