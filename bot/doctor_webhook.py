"""`gavel doctor` about Alertmanager's webhook: whether there is one, where it listens, and what opens it."""

from __future__ import annotations

import ipaddress

from bot.alerts.names import WEBHOOK_PATH
from bot.finding import Finding
from bot.probes import NoAnswer, post_status
from bot.settings_alerts import AlertSettings


async def webhook_finding(alerts: AlertSettings, *, running: bool) -> Finding:
    """`running`: a stack of this data directory is up, so that the webhook must answer. It is asked without a secret,
    and must turn that away."""
    if not alerts.webhook:
        advice = "alerts come by Slack only; for Alertmanager itself set GAVEL_ALERTS_WEBHOOK_TOKEN"
        return Finding("webhook", "not running", "not configured", "nobody can send alerts to it", advice)
    host, port = alerts.webhook_host, alerts.webhook_port
    tried = f"{_address(host, port)}{WEBHOOK_PATH} ({_opened_by(alerts)})"
    into = f"into {alerts.webhook_channel or alerts.channels[0]}"
    if port == 0:
        return Finding("webhook", "ok", tried, f"on any free port, told in the log; {into}")
    try:
        status = await post_status(f"{_address(_near(host), port)}{WEBHOOK_PATH}")
    except NoAnswer as error:
        if not running:
            return Finding("webhook", "not running", tried, f"{into}; `gavel up` opens it")
        return Finding("webhook", "failed", tried, str(error), "see the bot's log: the port may be taken")
    if status != 401:
        answered = f"HTTP status {status} to who has no secret: something else answers there"
        return Finding("webhook", "failed", tried, answered, "free the port, or set GAVEL_ALERTS_WEBHOOK_PORT")
    advice = "" if _is_loopback(host) else "the secret crosses the network: put TLS before it"
    return Finding("webhook", "ok", tried, f"listens, and turns away who has no secret; {into}", advice)


def _opened_by(alerts: AlertSettings) -> str:
    """Never the secrets themselves."""
    ways = ["bearer token set"] if alerts.webhook_token is not None else []
    if alerts.webhook_password is not None:
        ways.append(f"password of {alerts.webhook_user} set")
    return ", ".join(ways)


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _near(host: str) -> str:
    """What listens on every address is asked on this machine's own."""
    known = _ip(host)
    if known is None or not known.is_unspecified:
        return host
    return "127.0.0.1" if known.version == 4 else "::1"


def _is_loopback(host: str) -> bool:
    known = _ip(host)
    return host == "localhost" if known is None else known.is_loopback


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """None: a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
