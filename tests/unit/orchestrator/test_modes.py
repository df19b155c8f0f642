"""Of all that says how the models answer the narrowest counts, and it is told which that was."""

from __future__ import annotations

from agents.orchestrator.modes import ModeDefaults
from tools.contracts.modes import ModeChoice, ModeSetting

EVERYTHING = ModeDefaults(
    default="single",
    channels={"C1": "aggregation"},
    agents={"drift": "auto"},
    risks={"critical": "council"},
    orgs={"T1": "council"},
)


def choice(
    defaults: ModeDefaults = EVERYTHING,
    *,
    asked: ModeSetting | None = None,
    channel: str = "C1",
    channel_mode: ModeSetting | None = None,
    critical: bool = True,
    drift: bool = True,
    org: str = "T1",
) -> ModeChoice:
    return defaults.choose(
        asked=asked,
        channel=channel,
        channel_mode=channel_mode,
        agent="drift" if drift else "cost",
        risk="critical" if critical else "high",
        org=org,
    )


def test_the_request_comes_first_then_channel_agent_risk_org_and_the_house() -> None:
    """Each step takes away what counted before."""
    told = [
        choice(asked="council", channel_mode="council"),
        choice(channel_mode="council"),
        choice(),
        choice(channel="C2"),
        choice(channel="C2", drift=False),
        choice(channel="C2", drift=False, critical=False),
        choice(channel="C2", drift=False, critical=False, org="T2"),
    ]
    assert [(one.source, one.setting) for one in told] == [
        ("request", "council"),
        ("channel", "council"),
        ("channel", "aggregation"),
        ("agent", "auto"),
        ("risk", "council"),
        ("org", "council"),
        ("default", "single"),
    ]
    assert [one.why for one in told] == [
        "asked for in the request",
        "set for this channel with /gavel mode",
        "configured for this channel",
        "the default of the drift agent",
        "the default at critical risk",
        "the default of this workspace",
        "the default (LLM_MODE)",
    ]


def test_auto_begins_with_one_model_and_may_call_a_council() -> None:
    auto, single = choice(ModeDefaults()), choice(ModeDefaults(default="single"))
    assert (auto.mode, auto.escalates) == ("single", True)
    assert (single.mode, single.escalates) == ("single", False)
    council = choice(asked="council")
    assert (council.mode, council.escalates) == ("council", False)
