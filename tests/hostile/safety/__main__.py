"""`make safety`: plays the corpus and prints the table. Ends with 1 when anything got through or was a false alarm."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

from tests.hostile.safety.cases import benign_cases, hostile_cases
from tests.hostile.safety.running import Outcome, real_opa, run
from tests.hostile.safety.table import as_json, escaped, markdown


async def _played(only: str) -> Outcome:
    attacks = [case for case in hostile_cases() if only in case.id]
    benign = [case for case in benign_cases() if only in case.id]
    async with real_opa() as url:
        return await run(attacks, benign, opa_url=url, tell=lambda line: print(line, file=sys.stderr))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make safety", description=__doc__)
    parser.add_argument("--json", action="store_true", help="every verdict and the sums, as JSON")
    parser.add_argument("--only", default="", help="cases whose id holds this")
    given = parser.parse_args()
    outcome = asyncio.run(_played(given.only))
    print(json.dumps(as_json(outcome), ensure_ascii=False, indent=1) if given.json else markdown(outcome))
    return 1 if escaped(outcome.attacks) or any(case.why for case in outcome.benign) else 0


if __name__ == "__main__":
    sys.exit(main())
