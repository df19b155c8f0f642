"""Cuts a set of assets into canary, wait, waves and verification. Pure: the same assets give the same phases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from tools.contracts.common import Environment
from tools.contracts.estate import Asset
from tools.contracts.plan import Action, HealthCheck, Phase

DEFAULT_CHECKS = (
    HealthCheck(kind="heartbeat"),
    HealthCheck(kind="http_ok"),
    HealthCheck(kind="version_matches"),
    HealthCheck(kind="error_rate_below", threshold=5),
)


def execution_tool(environment: Environment) -> str:
    return "execute_rollout_prod" if environment == "production" else "execute_rollout_nonprod"


def rollout_action(
    action_id: str, asset_ids: list[str], image_id: str, *, environment: Environment, rollback: bool = False
) -> Action:
    return Action(
        id=action_id,
        tool=execution_tool(environment),
        params={"asset_ids": asset_ids, "target_image_id": image_id, "rollback": rollback},
        asset_ids=asset_ids,
    )


def spread(assets: list[Asset]) -> list[Asset]:
    """One asset of each platform and site in turn, so that every slice touches as many places as it can."""
    places: dict[tuple[str, str], list[Asset]] = defaultdict(list)
    for asset in sorted(assets, key=lambda asset: (asset.name, asset.id)):
        places[asset.platform, asset.site or ""].append(asset)
    # Sites of one platform are apart from each other: the first canaries then fall on different platforms.
    turn = {place: index for index, place in enumerate(_platforms_in_turn(sorted(places)))}
    rounds = [(index, turn[place], asset) for place, queue in places.items() for index, asset in enumerate(queue)]
    return [asset for _, _, asset in sorted(rounds, key=lambda row: row[:2])]


def _platforms_in_turn(places: list[tuple[str, str]]) -> list[tuple[str, str]]:
    nth: dict[str, int] = defaultdict(int)
    order: list[tuple[int, tuple[str, str]]] = []
    for place in places:
        order.append((nth[place[0]], place))
        nth[place[0]] += 1
    return [place for _, place in sorted(order)]


def wave_size(total: int, max_batch_percent: float) -> int:
    """`floor(total × percent / 100)`, at least 1. Decimal, because 29 % of 100 is 29 and not 28."""
    exact = Decimal(total) * Decimal(str(max_batch_percent)) / 100
    return max(1, int(exact.to_integral_value(rounding=ROUND_FLOOR)))


@dataclass(frozen=True)
class Rollout:
    """The choices a plan's phases follow from."""

    image_id: str
    environment: Environment
    canary_size: int
    max_batch_percent: float
    wait_seconds: int
    checks: list[HealthCheck]

    def phases(self, assets: list[Asset]) -> list[Phase]:
        """Canary, wait (unless 0 s), waves, verification of all."""
        ids = [asset.id for asset in spread(assets)]
        share = _share_of(len(ids))
        canary, rest = ids[: self.canary_size], ids[self.canary_size :]
        phases = [self._change(f"Canary: {len(canary)} of {len(ids)}", "canary", canary, share, number=1)]
        if self.wait_seconds:
            phases.append(Phase(name=f"Wait {self.wait_seconds} s", type="wait", wait_seconds=self.wait_seconds))
        size = wave_size(len(ids), self.max_batch_percent)
        waves = [rest[start : start + size] for start in range(0, len(rest), size)]
        for number, wave in enumerate(waves, start=1):
            name = f"Wave {number} of {len(waves)}: {len(wave)} of {len(ids)}"
            phases.append(self._change(name, "wave", wave, share, number=number + 1))
        verify = Phase(
            name=f"Verify all {len(ids)}",
            type="verify",
            asset_ids=ids,
            batch_percent=share(len(ids)),
            health_checks=self.checks,
        )
        return [*phases, verify]

    def _change(
        self, name: str, kind: Literal["canary", "wave"], ids: list[str], share: Callable[[int], float], *, number: int
    ) -> Phase:
        return Phase(
            name=name,
            type=kind,
            asset_ids=ids,
            batch_percent=share(len(ids)),
            actions=[rollout_action(f"a{number}", ids, self.image_id, environment=self.environment)],
            health_checks=self.checks,
        )


def _share_of(total: int) -> Callable[[int], float]:
    return lambda part: round(100 * part / total, 2)
