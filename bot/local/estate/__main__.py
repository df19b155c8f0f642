"""`python -m bot.local.estate --path FILE --seed N`: draw a sample estate into a file."""

from __future__ import annotations

import argparse
import asyncio
from datetime import UTC, datetime
from pathlib import Path

from bot.local.estate.seed import seed_estate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.local.estate", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the SQLite file")
    parser.add_argument("--seed", type=int, default=1, help="another seed draws another estate (default 1)")
    parser.add_argument("--org", default="TLOCAL", help="the tenant that owns it (default TLOCAL)")
    given = parser.parse_args()
    drawn = asyncio.run(seed_estate(given.path, seed=given.seed, org=given.org, now=datetime.now(UTC)))
    print(f"{given.path}: {'drawn' if drawn else 'was there already'} (seed {given.seed}, org {given.org})")


if __name__ == "__main__":
    main()
