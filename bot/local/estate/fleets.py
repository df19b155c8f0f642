"""What the sample organization runs: sites, roles, image families. Fixed; the seed draws what stands on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.contracts.common import Environment, Platform


@dataclass(frozen=True)
class Site:
    id: str
    code: str
    """In asset names."""
    platform: Platform
    region: str
    account: str


@dataclass(frozen=True)
class Role:
    """A kind of machine, built from one image family."""

    name: str
    family: str
    tier: Literal["frontend", "backend", "data", "platform"]
    owner: str
    counts: dict[Environment, tuple[int, int]]
    """Machines per site, from and to (inclusive)."""
    versioning: Literal["semver", "date"]
    os_name: str
    os_version: str
    hourly_usd: float


SITES = (
    Site("aws-eu-west-1", "euw1", "aws", "eu-west-1", "402917365120"),
    Site("aws-us-east-1", "use1", "aws", "us-east-1", "402917365120"),
    Site("aws-ap-southeast-2", "apse2", "aws", "ap-southeast-2", "718250946633"),
    Site("azure-westeurope", "weu", "azure", "westeurope", "sub-retail-emea"),
    Site("azure-eastus2", "eus2", "azure", "eastus2", "sub-retail-amer"),
    Site("gcp-europe-west4", "ew4", "gcp", "europe-west4", "retail-emea-7731"),
    Site("gcp-us-central1", "usc1", "gcp", "us-central1", "retail-amer-2208"),
    Site("vsphere-ams1", "ams1", "vsphere", "amsterdam", "vcenter-ams1"),
    Site("vsphere-dfw1", "dfw1", "vsphere", "dallas", "vcenter-dfw1"),
)
CLUSTERS = (
    Site("k8s-euw1", "k8seuw1", "k8s", "eu-west-1", "retail-euw1"),
    Site("k8s-usc1", "k8susc1", "k8s", "us-central1", "retail-usc1"),
)
DEVELOPMENT_SITES = (
    "aws-eu-west-1",
    "aws-us-east-1",
    "azure-westeurope",
    "gcp-europe-west4",
    "vsphere-ams1",
    "k8s-euw1",
)

ENVIRONMENTS: dict[Environment, str] = {"production": "prod", "staging": "stg", "development": "dev"}
"""Environment → its part of an asset's name."""


def _counts(
    production: tuple[int, int], staging: tuple[int, int], development: tuple[int, int]
) -> dict[Environment, tuple[int, int]]:
    return {"production": production, "staging": staging, "development": development}


ROLES = (
    Role(
        "web", "web-base", "frontend", "storefront", _counts((5, 8), (1, 3), (1, 3)), "semver", "ubuntu", "24.04", 0.17
    ),
    Role("api", "api-base", "backend", "checkout", _counts((4, 7), (1, 2), (1, 2)), "semver", "ubuntu", "24.04", 0.19),
    Role(
        "worker",
        "worker-base",
        "backend",
        "fulfilment",
        _counts((3, 5), (1, 2), (1, 2)),
        "semver",
        "debian",
        "12",
        0.15,
    ),
    Role("db", "db-base", "data", "data-platform", _counts((2, 2), (1, 1), (0, 1)), "date", "rocky", "9", 0.62),
    Role("cache", "cache-base", "data", "data-platform", _counts((2, 3), (0, 1), (0, 1)), "date", "debian", "12", 0.31),
    Role("queue", "queue-base", "platform", "platform", _counts((1, 1), (0, 1), (0, 0)), "date", "rocky", "9", 0.24),
)
NODE = Role(
    "node", "node-base", "platform", "platform", _counts((5, 7), (2, 3), (1, 2)), "date", "flatcar", "3975", 0.35
)
