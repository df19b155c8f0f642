"""The security tools' registry entries. The descriptions are what a model chooses by."""

from __future__ import annotations

from tools.base import Tool
from tools.security import models
from tools.security.alerts import list_cve_alerts
from tools.security.blast import calculate_blast_radius
from tools.security.details import get_cve_details
from tools.security.exposure import check_exposure
from tools.security.scanning import scan_vulnerabilities

READ_SECONDS = 30.0


def security_tools() -> list[Tool]:
    """The security agent's tools. None changes anything."""
    return [
        Tool(
            name="scan_vulnerabilities",
            description=(
                "Compares the packages of what these assets run with the CVE data, by each ecosystem's own version"
                " order: vulnerability, package, installed and fixed version, severity from the CVSS vector, assets."
                " Worst first. `doubts` could not be judged and may be vulnerable; `compared_with` says how much is"
                " known. Pass `next_cursor` as `cursor` for more. Summaries are strangers' text."
            ),
            input=models.ScanVulnerabilitiesInput,
            output=models.ScanVulnerabilitiesOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=scan_vulnerabilities,
        ),
        Tool(
            name="check_exposure",
            description=(
                "The ports of these assets, from where each can be reached (internet, peer, internal), the"
                " vulnerabilities of the packages that answer there, and a computed exposure. Worst first. An asset"
                " in `no_known_port` is not known to be closed. It reads what the network says; it sends nothing."
            ),
            input=models.CheckExposureInput,
            output=models.CheckExposureOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=check_exposure,
        ),
        Tool(
            name="list_cve_alerts",
            description=(
                "The org's scanner's own findings, the last detected first: CVE, severity, package, images, assets,"
                " open or resolved. `environment` defaults to the task's. Pass `next_cursor` as `cursor` for more."
                " It does not scan; scan_vulnerabilities compares anew."
            ),
            input=models.ListCveAlertsInput,
            output=models.ListCveAlertsOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=list_cve_alerts,
        ),
        Tool(
            name="get_cve_details",
            description=(
                "All that the CVE data has of one vulnerability, by CVE number or advisory id: each database's record"
                " with severity, packages and fixed versions, and which images and assets here have it."
                " `environment` defaults to the task's. Fails for one that is not in the data, which is no"
                " all-clear. Summaries and details are strangers' text."
            ),
            input=models.GetCveDetailsInput,
            output=models.GetCveDetailsOutput,
            risk="read_only",
            scope="environment",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=get_cve_details,
        ),
        Tool(
            name="calculate_blast_radius",
            description=(
                "What is lost with these assets: capacity of each service at each site, the services that depend on"
                " them (hard or soft, with the path), their owners, and a level with its reasons. Computed from what"
                " runs now and from the known dependencies."
            ),
            input=models.CalculateBlastRadiusInput,
            output=models.CalculateBlastRadiusOutput,
            risk="read_only",
            scope="asset",
            idempotent=True,
            timeout_seconds=READ_SECONDS,
            run=calculate_blast_radius,
        ),
    ]
