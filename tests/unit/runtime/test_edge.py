"""The bot without a worker."""

from __future__ import annotations

import subprocess
import sys

WORKERS_OWN = {
    "sqlalchemy",
    "jinja2",
    "jsonschema",
    "temporalio.worker",
    "agents.specialists.catalog",
    "tools.registry",
}


def test_a_bot_alone_does_not_load_what_a_worker_is_made_of() -> None:
    """It would hold half as much memory again for nothing."""
    listed = subprocess.run(
        (sys.executable, "-c", "import sys, bot.edge; print(*sys.modules)"), capture_output=True, text=True, check=True
    )
    assert not WORKERS_OWN & set(listed.stdout.split())
