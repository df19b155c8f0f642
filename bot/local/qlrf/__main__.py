"""`python -m bot.local.qlrf --estate FILE --token TOKEN`: serve a sample estate as QL-RF would."""

from __future__ import annotations

import argparse
from pathlib import Path

from aiohttp import web

from bot.local.qlrf.app import QlrfServer, ServedEstate


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bot.local.qlrf", description=__doc__)
    parser.add_argument("--estate", type=Path, required=True, help="the file that `python -m bot.local.estate` drew")
    parser.add_argument("--token", required=True, help="the bearer token that is taken")
    parser.add_argument("--org", default="TLOCAL", help="the tenant that it belongs to (default TLOCAL)")
    parser.add_argument("--port", type=int, default=8642, help="on 127.0.0.1 (default 8642)")
    given = parser.parse_args()
    server = QlrfServer(ServedEstate(given.estate), tokens={given.token: given.org})
    web.run_app(server.app(), host="127.0.0.1", port=given.port)


if __name__ == "__main__":
    main()
