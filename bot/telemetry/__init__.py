"""What an operator sees of a running Gavel: logs, metrics, whether it is alive and ready."""

from bot.telemetry.logs import LogLevel, Redaction, about, configure_logging

__all__ = ["LogLevel", "Redaction", "about", "configure_logging"]
