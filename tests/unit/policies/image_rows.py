"""Decisions on images."""

from __future__ import annotations

from tests.unit.policies.decision_rows import row, same
from tests.unit.policies.documents import both, put

IMAGES = (
    row("images", "a good image", same),
    row("images", "a build alone", both(put("operation", "build"), put("promote_to", None), put("built", None))),
    row("images", "an operation nobody knows", put("operation", "destroy"), "images.operation"),
    row("images", "a family with a space", put("contract.family", "web base"), "images.family"),
    row("images", "half a version", put("contract.version", "5.3"), "images.version"),
    row("images", "a version that exists", put("contract.version", "5.2.0"), "images.version_taken"),
    row("images", "a version that only looks higher", put("contract.version", "5.2.0-rc.9"), "images.version_taken"),
    row("images", "version 5.10 is over 5.2", put("contract.version", "5.10.0")),
    row("images", "an unsigned base", put("images.0.signed", False), "images.base"),
    row("images", "a draft as base", put("images.0.status", "draft"), "images.base"),
    row("images", "another org's base", put("images.0.org_id", "T0OTHER"), "images.base"),
    row("images", "no CIS level", put("contract.cis_level", None), "images.cis_level"),
    row("images", "no hardening", put("contract.hardening", []), "images.hardening"),
    row("images", "a denied package", put("contract.packages.0.name", "Telnet"), "images.denied_package"),
    row("images", "no monitoring", put("contract.monitoring_agents", []), "images.monitoring"),
    row("images", "promoted before it is built", put("built", None), "images.not_built"),
    row("images", "a step skipped", put("promote_to", "production"), "images.promotion_step"),
    row("images", "promoted to nowhere", put("promote_to", None), "images.promotion_step"),
    row("images", "unsigned", put("built.signed", False), "images.unsigned"),
    row("images", "no SBOM", put("built.sbom_url", None), "images.no_sbom"),
    row("images", "no tests", put("built.tests", []), "images.no_tests"),
    row("images", "a test that failed", put("built.tests.0.passed", False), "images.failed_tests"),
    row("images", "no scan", put("built.scan", None), "images.no_scan"),
    row("images", "a critical finding", put("built.scan.critical", 1), "images.scan_findings"),
    row("images", "a promotion alone", both(put("operation", "promote"), put("contract", None))),
    row("images", "a build to no contract", put("contract", None), "input.incomplete"),
    row(
        "images",
        "out of use, fit or not",
        both(
            put("operation", "promote"),
            put("contract", None),
            put("built.status", "production"),
            put("built.signed", False),
            put("built.scan", None),
            put("promote_to", "deprecated"),
        ),
    ),
    row("images", "an old scan", put("built.scan.scanned_at", "2020-01-01T00:00:00Z"), "images.scan_old"),
)
