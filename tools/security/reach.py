"""From where a port can be reached, and how bad that makes what answers on it. Pure."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

from tools.contracts.advisory import RATINGS, Rating
from tools.security.models import Exposure, Reach

PRIVATE = tuple(
    ip_network(block)
    for block in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
"""RFC 1918, 6598, 3927, 4193, 4291: what no packet from the internet comes from."""

WIDE_PREFIX = {4: 8, 6: 16}
"""A public block this wide or wider is no named network: it is the internet."""

MANAGEMENT_PORTS = frozenset(
    {22, 23, 111, 135, 445, 1433, 1521, 2375, 2379, 3306, 3389, 5432, 5672, 5900, 6379, 6443, 9200, 10250, 11211, 27017}
)
"""Administration, databases, queues, cluster control: IANA's numbers of what should not face the internet."""

REACHES: tuple[Reach, ...] = ("internal", "peer", "internet")
"""Nearest first."""
EXPOSURES: tuple[Exposure, ...] = ("none", "low", "medium", "high", "critical")


class UnreadableSource(ValueError):
    """Not a CIDR block."""


def reach_of(source: str) -> Reach:
    """Raises :class:`UnreadableSource`."""
    try:
        network = ip_network(source, strict=False)
    except ValueError as error:
        raise UnreadableSource(f"{source[:80]!r} is no CIDR block") from error
    if any(_within(network, block) for block in PRIVATE):
        return "internal"
    return "internet" if network.prefixlen <= WIDE_PREFIX[network.version] else "peer"


def exposure_of(reach: Reach, worst: Rating | None, *, vulnerable: bool, management: bool) -> Exposure:
    """The worst rating behind the port, one step worse from the internet and one milder from inside.

    A vulnerability that nobody has rated counts as critical. A management port that faces the internet is `medium`
    even with nothing known against it.
    """
    floor: Exposure = "medium" if management and reach == "internet" else "none"
    if not vulnerable:
        return floor
    severity = len(RATINGS) - 1 if worst is None else RATINGS.index(worst)
    step = {"internet": 1, "peer": 0, "internal": -1}[reach]
    found = min(max(severity + step, 0), len(EXPOSURES) - 1)
    return EXPOSURES[max(found, EXPOSURES.index(floor))]


def _within(network: IPv4Network | IPv6Network, block: IPv4Network | IPv6Network) -> bool:
    if isinstance(network, IPv4Network):
        return isinstance(block, IPv4Network) and network.subnet_of(block)
    return isinstance(block, IPv6Network) and network.subnet_of(block)
