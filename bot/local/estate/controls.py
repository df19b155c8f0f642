"""Controls of real frameworks that an estate like this one is audited against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.contracts.compliance import MeasuredBy


@dataclass(frozen=True)
class Control:
    framework: str
    version: str
    id: str
    title: str
    severity: Literal["high", "medium"]
    recommendation: str
    measured_by: MeasuredBy


CONTROLS = (
    Control(
        "PCI DSS",
        "4.0.1",
        "6.3.3",
        "Critical patches are installed within one month of release",
        "high",
        "Rebuild affected assets on the current golden image.",
        "vulnerabilities",
    ),
    Control(
        "PCI DSS",
        "4.0.1",
        "2.2.1",
        "Configuration standards are developed, implemented and maintained",
        "high",
        "Bring drifted assets back to their golden image.",
        "drift",
    ),
    Control(
        "PCI DSS",
        "4.0.1",
        "8.4.2",
        "MFA for all access into the cardholder data environment",
        "high",
        "Enforce MFA at the access proxy.",
        "attestation",
    ),
    Control(
        "ISO/IEC 27001",
        "2022",
        "A.8.8",
        "Management of technical vulnerabilities",
        "high",
        "Close open vulnerabilities by severity.",
        "vulnerabilities",
    ),
    Control(
        "ISO/IEC 27001",
        "2022",
        "A.8.9",
        "Configuration management",
        "medium",
        "Bring drifted assets back to their golden image.",
        "drift",
    ),
    Control(
        "ISO/IEC 27001",
        "2022",
        "A.8.14",
        "Redundancy of information processing facilities",
        "high",
        "Repair lagging replication and test failover.",
        "recovery",
    ),
    Control(
        "SOC 2",
        "2017",
        "CC7.1",
        "Detection of configuration changes and new vulnerabilities",
        "medium",
        "Close open vulnerabilities by severity.",
        "vulnerabilities",
    ),
    Control(
        "SOC 2",
        "2017",
        "CC8.1",
        "Changes are authorized, tested and approved",
        "high",
        "Route changes through approved plans.",
        "attestation",
    ),
    Control(
        "SOC 2",
        "2017",
        "A1.3",
        "Recovery plan procedures are tested",
        "medium",
        "Run a failover test for each recovery pair.",
        "recovery",
    ),
)
