"""`make consensus`: the table, or the same as JSON. Exit status 1 where the council loses or is not calibrated."""

from __future__ import annotations

import argparse
import json
import sys

from tests.evals.consensus.table import markdown
from tests.evals.consensus.trial import as_json, run
from tests.evals.consensus.world import SCENARIOS

ECE_BOUND = 0.05


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare a council with simpler ways to answer, on simulated members.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--questions", type=int, default=200, help="for each seed")
    chosen = parser.parse_args()
    rows = [row for scenario in SCENARIOS for row in run(scenario, seeds=chosen.seeds, questions=chosen.questions)]
    print(json.dumps([as_json(row) for row in rows], indent=1) if chosen.json else markdown(rows))
    council = [row for row in rows if row.method == "council"]
    return int(any(row.loses or row.ece.value > ECE_BOUND for row in council))


if __name__ == "__main__":
    sys.exit(main())
