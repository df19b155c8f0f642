"""What `make` promises where it cannot do a thing, and where two of it are at work."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[3]

_NPM = """#!/bin/sh
mkdir "{busy}" || {{ echo "two at once" >&2; exit 1; }}
sleep 0.5
echo "$*" >> "{log}"
rmdir "{busy}"
"""


async def make(*arguments: str, path: str | None = None) -> tuple[int, str]:
    """Exit code and all that it said."""
    command = shutil.which("make")
    assert command is not None
    process = await asyncio.create_subprocess_exec(
        command,
        *arguments,
        cwd=ROOT,
        env={"PATH": path or os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def program(directory: Path, name: str, text: str) -> str:
    directory.mkdir(exist_ok=True)
    made = directory / name
    made.write_text(text)
    made.chmod(0o755)
    return str(made)


async def test_where_there_is_no_chromium_and_no_root_it_is_said_what_to_do(tmp_path: Path) -> None:
    for name, text in (("id", "#!/bin/sh\necho 1000\n"), ("apt-get", "#!/bin/sh\nexit 9\n"), ("find", "#!/bin/sh\n")):
        program(tmp_path, name, text)
    code, said = await make("chromium", "PYTHON=/nowhere", path=str(tmp_path))
    assert code == 0
    assert "there is no Chromium: tests/page cannot run. Install one (as root on Debian: make chromium)" in said


async def test_two_that_want_the_pages_packages_at_once_install_them_once(tmp_path: Path) -> None:
    page, log = tmp_path / "page", tmp_path / "log"
    (page / "node_modules").mkdir(parents=True)
    for name in ("package.json", "package-lock.json"):
        (page / name).write_text("{}")
    npm = program(tmp_path / "bin", "npm", _NPM.format(busy=tmp_path / "busy", log=log))
    arguments = (f"PAGE={page}", f"NPM={npm}", f"{page}/node_modules/.ready")
    came = await asyncio.gather(*(make(*arguments) for _ in range(3)))
    assert [code for code, _ in came] == [0, 0, 0], came
    assert not [said for _, said in came if "two at once" in said]
    assert len(log.read_text().splitlines()) == 1
    os.utime(page / "package-lock.json")
    await make(*arguments)
    assert len(log.read_text().splitlines()) == 2
