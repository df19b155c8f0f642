"""All rows behind a paged path. A set of pages that does not add up is an error, never a shorter list."""

from __future__ import annotations

from collections.abc import Mapping

from tools.connectors.qlrf.client import QlrfClient
from tools.connectors.qlrf.errors import QlrfError
from tools.connectors.qlrf.wire import Model, read_objects, rows_in, total_in

PAGE_SIZE = 200
MAX_ROWS = 50_000


async def all_rows(
    client: QlrfClient, path: str, name: str, model: type[Model], query: Mapping[str, str] | None = None
) -> list[Model]:
    """Every row, in the order of the source.

    Raises `QlrfError`, also when the pages hold a row twice, when they hold fewer or more rows than the source says
    there are (it changed while it was read), and for more than `MAX_ROWS`.
    """
    found: list[Model] = []
    seen: set[str] = set()
    page = 1
    while True:
        asked_query = {**(query or {}), "page": str(page), "page_size": str(PAGE_SIZE)}
        asked = f"GET {path}, page {page}"
        answer = await client.get(path, asked_query)
        rows = read_objects(model, rows_in(answer, name, asked), asked)
        total = total_in(answer, asked)
        for row in rows:
            if row.id in seen:
                raise QlrfError("malformed", asked, f"{name} {row.id[:80]!r} came twice: it changed while it was read.")
            seen.add(row.id)
        found.extend(rows)
        if len(found) > MAX_ROWS:
            raise QlrfError("malformed", asked, f"there are more than {MAX_ROWS} {name}. Nothing was computed.")
        whole = len(found) >= total if total is not None else isinstance(answer, list) or len(rows) < PAGE_SIZE
        if whole:
            if total is not None and len(found) != total:
                raise QlrfError("malformed", asked, f"it holds {len(found)} {name} and says {total}.")
            return found
        if not rows:
            raise QlrfError("malformed", asked, f"it holds {len(found)} {name} of {total}: the pages end too soon.")
        page += 1
