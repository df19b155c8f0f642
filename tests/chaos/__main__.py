"""`make chaos`: a long run, and its figures. Exits 1 when anything that must hold did not."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
from pathlib import Path

from temporalio.runtime import Runtime, TelemetryConfig

from tests.chaos.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--faults", type=int, default=500, help="how many are made (500)")
    parser.add_argument("--at-once", type=int, default=6, help="requests at work at a time (6)")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="draws the faults (random)")
    parser.add_argument("--keep", type=Path, default=None, help="leave the stack's files in this new directory")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    given = parser.parse_args()
    print(f"seed {given.seed}: {given.faults} faults, {given.at_once} requests at a time", file=sys.stderr)
    # Its own client is told of every outage, and there are hundreds.
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=None)))
    with tempfile.TemporaryDirectory() as directory:
        data = given.keep or Path(directory)
        data.mkdir(parents=True, exist_ok=True)
        os.chdir(directory)
        report = asyncio.run(run(data, seed=given.seed, faults=given.faults, at_once=given.at_once))
    if given.json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        print(
            f"{report.total} faults in {report.seconds:.0f} s; bots, workers died {sum(report.deaths.values())} times"
            f" ({report.stillborn} of them while starting, as a server was away):"
        )
        for kind, count in sorted(report.faults.items(), key=lambda item: -item[1]):
            print(f"  {count:4d}  {kind}")
        print(f"{report.requests} requests: {', '.join(f'{n} {what}' for what, n in report.outcomes.items())}")
        print(f"{report.changes} changes, {report.messages} lasting messages, {report.entries} ledger entries")
        print(f"{len(report.breaches)} breaches of what must hold")
    for line in [*report.breaches, *report.broken]:
        print(line, file=sys.stderr)
    return 1 if report.breaches or report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
