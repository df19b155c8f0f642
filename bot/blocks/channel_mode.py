"""`/gavel mode` as a card: what holds in this channel, who chose it, what comes before it, and what modes cost here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.blocks.message import Message, compose, context, lines, section
from bot.blocks.modes import SETTING_MEANS, SETTING_NAMES, chosen
from bot.blocks.text import code, inline
from bot.blocks.words import plural
from tools.contracts.modes import ModeChoice, ModeSetting

HOW = "`/gavel mode council`, `single`, `aggregation` or `auto` sets it, `/gavel mode default` puts it back."


@dataclass(frozen=True)
class Spent:
    """What one mode's calls came to lately."""

    mode: str
    calls: int
    cost: str
    """In words: unknown is not zero."""


@dataclass(frozen=True)
class ChannelModeCard:
    choice: ModeChoice
    """What holds where a request says nothing."""
    set_by: str
    """A mention made by `bot.blocks.words.person`; empty: nobody set one here."""
    agents: Mapping[str, ModeSetting] = field(default_factory=dict[str, ModeSetting])
    risks: Mapping[str, ModeSetting] = field(default_factory=dict[str, ModeSetting])
    """Configured. They count where the channel has no mode of its own."""
    spent: Sequence[Spent] = ()
    days: int = 30
    """How far back `spent` looks."""
    changed: bool = False


def channel_mode_card(card: ChannelModeCard) -> Message:
    """For the one who typed it."""
    setting = card.choice.setting
    said = f"*{'This channel is now worked in' if card.changed else 'This channel is worked in'}* "
    said += f"{SETTING_NAMES[setting]}{'' if setting == 'single' else ' mode'}. {SETTING_MEANS[setting]}"
    by = f" By {card.set_by}." if card.set_by else ""
    notes = ["A request asks for another by a prefix, e.g. `council: …`, or `/gavel ask --mode council …`. " + HOW]
    if card.changed:
        notes.append("Tasks at work go on as they began.")
    return compose(
        said,
        [
            section(f"{said}\n{chosen(card.choice)}{by}"),
            _rules(card),
            _cost(card),
            context(*notes),
        ],
    )


def _rules(card: ChannelModeCard) -> dict[str, object] | None:
    """What else may decide, where the channel does not."""
    if card.choice.source == "channel":
        return None
    rows = [f"• the {inline(agent, 40)} agent: {SETTING_NAMES[mode]}" for agent, mode in sorted(card.agents.items())]
    rows += [f"• {inline(risk, 40)} risk: {SETTING_NAMES[mode]}" for risk, mode in card.risks.items()]
    return lines("Unless it is", rows) if rows else None


def _cost(card: ChannelModeCard) -> dict[str, object] | None:
    rows = [f"• {code(one.mode, 20)}: {plural(one.calls, 'call')}, {inline(one.cost, 80)}" for one in card.spent]
    return lines(f"What the modes cost in the last {card.days} days", rows) if rows else None
