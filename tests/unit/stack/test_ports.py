"""Ports are on loopback, remembered over a restart, and given up for others when somebody else has them."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

from bot.local.ports import HIGHEST, LOWEST, Ports, is_free


def test_a_port_is_remembered_over_a_restart(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").take("slack")
    assert LOWEST <= first <= HIGHEST
    assert Ports(tmp_path / "ports.json").take("slack") == first


def test_parts_have_different_ports(tmp_path: Path) -> None:
    ports = Ports(tmp_path / "ports.json")
    assert len({ports.take(name) for name in ("slack", "temporal", "opa", "llm")}) == 4


def test_a_port_that_another_program_holds_is_replaced(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").take("opa")
    with socket.create_server(("127.0.0.1", first)):
        assert not is_free(first)
        second = Ports(tmp_path / "ports.json").take("opa")
    assert second != first
    assert Ports(tmp_path / "ports.json").take("opa") == second


def test_a_dying_predecessors_port_is_waited_for(tmp_path: Path) -> None:
    first = Ports(tmp_path / "ports.json").take("opa")
    holder = socket.create_server(("127.0.0.1", first))

    def die() -> None:
        time.sleep(0.3)
        holder.close()

    thread = threading.Thread(target=die)
    thread.start()
    assert Ports(tmp_path / "ports.json").take("opa") == first
    thread.join()


def test_a_damaged_file_costs_only_the_memory(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"slack": 80, "opa":')
    port = Ports(file).take("slack")
    assert json.loads(file.read_text()) == {"slack": port}


def test_a_port_out_of_range_is_not_taken_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"slack": 80}')
    assert Ports(file).take("slack") >= LOWEST
