"""Every example in the documentation is executed, or held to what it names."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import app
from bot.settings import CONFIG_VARIABLE, load_settings
from tests.unit.docs.examples import PAGES, ROOT, Block, Command, blocks, commands, said, why_not_run
from tests.whole.town import unconfigured

SECONDS = 90
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A fresh machine's, with the project's programs."""
    programs = [str(Path(sys.executable).parent), str(ROOT / ".cache" / "bin"), os.environ["PATH"]]
    return {**unconfigured(os.environ), "PATH": os.pathsep.join(programs), "COLUMNS": "200", "HOME": str(tmp_path)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_shows_works_from_top_to_bottom(
    page: Path, tmp_path: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in set(os.environ) - set(unconfigured(os.environ)):
        monkeypatch.delenv(name)
    for block in blocks(page):
        where = f"{page.name}:{block.line}"
        if block.file:
            _write(tmp_path / block.file, block.body)
        match block.language:
            case "console":
                for command in commands(block):
                    _held(command, where) if why_not_run(command.text) else _run(command, tmp_path, environ, where)
            case "yaml":
                _configures(block, tmp_path, monkeypatch)
            case "python" | "rego" | "json":
                assert block.file, f"{where}: name the file that it is, so that a command below can run it"
                assert any(
                    block.file.partition("/")[0] in later.body for later in blocks(page) if later.line > block.line
                )
            case "text":
                pass
            case other:
                pytest.fail(
                    f"{where}: {other!r} blocks are not held to anything; use console, yaml, python, rego or text"
                )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _configures(block: Block, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown as YAML is a part of gavel.yaml, unless it names another program's file."""
    path = directory / (block.file or f"example-{block.line}.yaml")
    _write(path, block.body)
    assert yaml.safe_load(block.body), f"{block.page.name}:{block.line} says nothing"
    if block.file not in {"", "gavel.yaml"}:
        return
    with monkeypatch.context() as patch:
        patch.setenv(CONFIG_VARIABLE, str(path))
        load_settings()


def _run(command: Command, directory: Path, environ: dict[str, str], where: str) -> None:
    text = command.text.replace(".venv/bin/gavel", "gavel")
    status, output = asyncio.run(_shell(text, directory, environ))
    for line in command.expected:
        assert said(line, output), f"{where}: `{command.text}` did not say {line!r}, but:\n{output[-3000:]}"
    assert status == 0, f"{where}: `{command.text}` failed:\n{output[-3000:]}"


async def _shell(text: str, directory: Path, environ: dict[str, str]) -> tuple[int, str]:
    shell = await asyncio.create_subprocess_exec(
        *("/bin/bash", "-euo", "pipefail", "-c", text),
        cwd=directory,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(shell.communicate(), SECONDS)
    return await shell.wait(), output.decode()


def _held(command: Command, where: str) -> None:
    """What is not run names targets, commands, options and files that are there."""
    words = shlex.split(command.text)
    match words:
        case ["make", *targets]:
            named = {target for target in targets if "=" not in target}
            assert named <= TARGETS, f"{where}: there is no such target as {named - TARGETS}"
        case [program, name, *arguments] if program.endswith("gavel"):
            _parses(name, arguments, where)
        case ["docker" | "kubectl", *arguments]:
            for argument in arguments:
                assert not argument.startswith("deploy/") or (ROOT / argument).exists(), f"{where}: no {argument}"
        case _:
            pass


def _parses(name: str, arguments: list[str], where: str) -> None:
    """Asked for help, a command reads its arguments first: one that it does not have is an error."""
    asked = CliRunner().invoke(app, [name, *arguments, "--help"])
    assert asked.exit_code == 0, f"{where}: gavel {name} {shlex.join(arguments)}: {asked.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("https://", "http://")):
            continue
        file, _, heading = target.partition("#")
        path = (page.parent / file).resolve() if file else page
        assert path.exists(), f"{page.name}: {target} is not there"
        if heading:
            titles = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}
            assert heading in slugs, f"{page.name}: {target} names no heading"


def test_every_page_is_in_the_list_of_what_to_read() -> None:
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "README.md").read_text("utf-8")))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
