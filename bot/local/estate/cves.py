"""Real vulnerabilities, each with the package it is in and the first version that is free of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cve:
    id: str
    package: str
    affected: str
    """Upstream versions, as its advisory states them."""
    fixed: str
    """First upstream release without it (of the branch that images here carry)."""
    severity: Literal["critical", "high", "medium"]
    title: str


CVES = (
    Cve(
        "CVE-2014-0160", "openssl", "1.0.1 to 1.0.1f", "1.0.1g", "high", "Heartbleed: memory read in the TLS heartbeat"
    ),
    Cve("CVE-2021-3156", "sudo", "1.8.2 to 1.9.5p1", "1.9.5p2", "high", "Baron Samedit: heap overflow, local root"),
    Cve("CVE-2021-4034", "polkit", "up to 0.120", "0.121", "high", "PwnKit: local privilege escalation in pkexec"),
    Cve(
        "CVE-2021-44228",
        "log4j-core",
        "2.0-beta9 to 2.14.1",
        "2.15.0",
        "critical",
        "Log4Shell: remote code execution by JNDI lookup",
    ),
    Cve(
        "CVE-2022-0778",
        "openssl",
        "1.1.1 to 1.1.1m",
        "1.1.1n",
        "high",
        "Endless loop in BN_mod_sqrt on a crafted certificate",
    ),
    Cve("CVE-2022-3602", "openssl", "3.0.0 to 3.0.6", "3.0.7", "high", "X.509 e-mail address buffer overflow"),
    Cve("CVE-2023-38545", "curl", "7.69.0 to 8.3.0", "8.4.0", "critical", "SOCKS5 heap buffer overflow"),
    Cve("CVE-2023-44487", "nghttp2", "up to 1.56.0", "1.57.0", "high", "HTTP/2 rapid reset denial of service"),
    Cve("CVE-2024-3094", "xz-utils", "5.6.0 and 5.6.1", "5.6.2", "critical", "Malicious code in the release tarballs"),
    Cve("CVE-2024-6387", "openssh", "8.5p1 to 9.7p1", "9.8p1", "high", "regreSSHion: race in sshd's signal handler"),
    Cve(
        "CVE-2025-1094", "postgresql", "16.0 to 16.6", "16.7", "high", "SQL injection through quoting functions in psql"
    ),
    Cve("CVE-2025-26465", "openssh", "6.8p1 to 9.9p1", "9.9p2", "medium", "Host impersonation with VerifyHostKeyDNS"),
    Cve("CVE-2025-32463", "sudo", "1.9.14 to 1.9.17", "1.9.17p1", "critical", "Local root through the chroot option"),
    Cve("CVE-2025-49844", "redis", "7.2.0 to 7.2.10", "7.2.11", "critical", "RediShell: use after free in Lua scripts"),
)


@dataclass(frozen=True)
class Patched:
    """A package of an image family: the version its older images carry, and the one its newer ones do."""

    package: str
    old: str
    new: str
    cve: str


PATCHES: dict[str, tuple[Patched, ...]] = {
    "web-base": (
        Patched("nghttp2", "1.55.1", "1.61.0", "CVE-2023-44487"),
        Patched("openssh", "9.6p1", "9.9p2", "CVE-2024-6387"),
        Patched("curl", "8.1.2", "8.9.1", "CVE-2023-38545"),
    ),
    "api-base": (
        Patched("openssh", "9.6p1", "9.9p2", "CVE-2024-6387"),
        Patched("openssl", "3.0.5", "3.0.15", "CVE-2022-3602"),
    ),
    "worker-base": (
        Patched("log4j-core", "2.14.1", "2.24.3", "CVE-2021-44228"),
        Patched("sudo", "1.9.16", "1.9.17p2", "CVE-2025-32463"),
    ),
    "db-base": (
        Patched("postgresql", "16.4", "16.9", "CVE-2025-1094"),
        Patched("openssh", "9.9p1", "9.9p2", "CVE-2025-26465"),
    ),
    "cache-base": (Patched("redis", "7.2.5", "7.2.11", "CVE-2025-49844"),),
    "queue-base": (Patched("openssh", "9.6p1", "9.9p2", "CVE-2024-6387"),),
    "node-base": (Patched("curl", "8.1.2", "8.9.1", "CVE-2023-38545"),),
}
