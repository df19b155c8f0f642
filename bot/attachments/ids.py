"""What Slack calls a file. Apart, so that a bot without a worker need not know the rest."""

from __future__ import annotations

import re

FILE_ID = re.compile(r"F[A-Z0-9]{1,30}")
