"""A PostgreSQL server of a test run's own, from the programs that Debian's package `postgresql` brings.

It keeps its data in a temporary directory and listens on a Unix socket in there alone, which nobody but its user and
root can reach. It is as durable as any other (fsync stays on), and gone with the process that started it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import delete, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from bot.ledger.database import async_url
from bot.ledger.schema import migrate
from bot.ledger.tables import Base

DEBIAN = Path("/usr/lib/postgresql")
"""Debian keeps each version's programs in here, and off PATH."""

SERVES_AS = "postgres"
"""Who it runs as where root runs the tests: PostgreSQL refuses to be root. Debian's package makes this user."""

USER = "gavel"

START_SECONDS = 60

SMALL = {"listen_addresses": "", "shared_buffers": "32MB", "log_min_messages": "error"}
"""Nothing here makes it answer otherwise, or lose what it has answered."""


def missing() -> str | None:
    """Why no server can be started here; None: one can."""
    if _programs() is None:
        return (
            "There is no PostgreSQL server on this machine: `make postgres` (as root, on Debian) installs it, or name "
            "one on which databases may be made in GAVEL_TEST_POSTGRES_URL, with pg_dump and pg_restore on PATH."
        )
    if os.getuid() == 0 and SERVES_AS not in {entry.pw_name for entry in pwd.getpwall()}:
        return f"PostgreSQL does not run as root, and there is no user {SERVES_AS} to run it as: `make postgres`."
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        return "PostgreSQL does not run as root, and there is no setpriv (util-linux) to run it as somebody else."
    return None


@contextmanager
def postgres_server(**settings: str) -> Generator[str]:
    """A server, with these settings besides; the URL of its database `postgres`, as a user who may make others.

    Raises `RuntimeError` with what it said where it does not come up.
    """
    programs = _programs()
    if programs is None:
        raise RuntimeError(missing())
    # Not pytest's directory: another user than root may not enter it.
    home = Path(tempfile.mkdtemp(prefix="gavel-postgres-"))
    try:
        if os.getuid() == 0:
            shutil.chown(home, SERVES_AS)
        data, log = home / "data", home / "log"
        _make(programs, data)
        chosen = {**SMALL, **settings, "unix_socket_directories": str(home)}
        options = [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*_as_user(ends_with_us=True), str(programs / "postgres"), "-D", str(data), *options],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=home,
                start_new_session=True,
            )
        try:
            _answers(programs, home, process, log)
            yield URL.create(
                "postgresql", username=USER, database="postgres", query={"host": str(home)}
            ).render_as_string()
        finally:
            # At once: nobody asks for its data again.
            process.send_signal(signal.SIGQUIT)
            process.wait()
    finally:
        shutil.rmtree(home)


@asynccontextmanager
async def database_on(server: str) -> AsyncGenerator[str]:
    """The URL of a database without any table, on the server at this URL; dropped at the end."""
    url = await _create(server)
    yield url
    await _drop(server, url)


class Shelf:
    """One database with the current schema, for one test after the other: to make it takes longer than they do."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._url: str | None = None
        self._schema = ""

    async def clear_away(self) -> None:
        """At the end: a server that was there before keeps nothing of ours."""
        if self._url is not None:
            await _drop(self._server, self._url)

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[str]:
        """Its URL. It has no rows, whoever had it before and whatever they did to it."""
        if self._url is not None and not await self._cleared(self._url):
            await _drop(self._server, self._url)
            self._url = None
        if self._url is None:
            url = await _create(self._server)
            await migrate(url)
            self._url, self._schema = url, await _ask(url, _SCHEMA)
        yield self._url

    async def _cleared(self, url: str) -> bool:
        """Whether its schema is still as it was; then it is without a row."""
        engine = create_async_engine(async_url(url), isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                await connection.execute(text(_ALONE))
                if str(await connection.scalar(text(_SCHEMA))) != self._schema:
                    return False
                # By rows: there are few, and to truncate takes a hundred times as long.
                for table in Base.metadata.sorted_tables:
                    await connection.execute(delete(table))
        finally:
            await engine.dispose()
        return True


_ALONE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
_SCHEMA = """
SELECT md5(string_agg(words, ';' ORDER BY words)) FROM (
  SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) AS words
    FROM information_schema.columns WHERE table_schema = 'public'
  UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
  UNION ALL SELECT format('%s %s', conrelid, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid <> 0
  UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
) AS everything
"""


async def _create(server: str) -> str:
    name = f"gavel_test_{uuid.uuid4().hex}"
    await _ask(server, f"CREATE DATABASE {name}")
    return async_url(server).set(database=name).render_as_string(hide_password=False)


async def _drop(server: str, url: str) -> None:
    await _ask(server, f"DROP DATABASE {async_url(url).database} WITH (FORCE)")


async def _ask(url: str, statement: str) -> str:
    """The first value that it returns; empty: it returns none."""
    engine = create_async_engine(async_url(url), isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            result = await connection.execute(text(statement))
            return str(result.scalar()) if result.returns_rows else ""
    finally:
        await engine.dispose()


def _programs() -> Path | None:
    """Where `initdb` and `postgres` are: on PATH, else the newest of Debian's."""
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    found = [program.parent for program in DEBIAN.glob("*/bin/postgres") if program.parents[1].name.isdigit()]
    return max(found, key=lambda programs: int(programs.parent.name), default=None)


def _as_user(*, ends_with_us: bool) -> list[str]:
    """What stands before a command, so that it runs as who may and does not outlive this process."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return []
    other = [f"--reuid={SERVES_AS}", f"--regid={SERVES_AS}", "--init-groups"] if os.getuid() == 0 else []
    return [setpriv, *other, *(["--pdeathsig=QUIT"] if ends_with_us else []), "--"]


def _make(programs: Path, data: Path) -> None:
    command = [
        *(*_as_user(ends_with_us=False), str(programs / "initdb"), "--pgdata", str(data), "--username", USER),
        *("--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions"),
    ]
    made = subprocess.run(command, capture_output=True, text=True, cwd=data.parent, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"initdb ended with status {made.returncode}:\n{made.stdout}{made.stderr}")


def _answers(programs: Path, home: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    asking = [str(programs / "pg_isready"), "--quiet", "--host", str(home), "--username", USER, "--dbname", "postgres"]
    while subprocess.run(asking, check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not come up:\n{log.read_text()}")
        time.sleep(0.05)
