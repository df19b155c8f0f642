"""`/gavel models` as a card: the providers in a line each, who is asked for what, and why."""

from __future__ import annotations

from bot.blocks.message import Detail, Message, compose, context, lines
from bot.blocks.text import code, inline
from bot.blocks.words import plural
from bot.routing.report import ModelRow, ModelsReport, ProviderRow
from bot.routing.words import track_words
from tools.contracts.common import JsonObject

MOST_MODELS = 6
"""Of a provider; the rest is counted."""


def models_card(report: ModelsReport) -> Message:
    """For the one who typed it."""
    configured = [provider for provider in report.providers if provider.configured]
    absent = [provider for provider in report.providers if not provider.configured]
    uses = [
        f"*{use.job}{f' for {use.agent}' if use.agent else ''}*: {inline(', then '.join(use.order[:5]), 200)}. "
        f"_{inline(use.why, 160)}_"
        for use in report.uses
    ]
    notes = ["`gavel models` has all of it, with what each model can do."]
    if report.explore_percent:
        notes.append(f"{report.explore_percent:g} % of the tasks ask another model first.")
    return compose(
        f"{len(configured)} of {len(report.providers)} providers are configured.",
        [
            lines("Who is asked first", uses) if uses else None,
            *[Detail(lines(provider.name, _models(provider)), shorter=_counted(provider)) for provider in configured],
            lines("Not configured", [_absent(provider) for provider in absent]) if absent else None,
            context(*notes),
        ],
        simulated=report.simulated,
    )


def _models(provider: ProviderRow) -> list[str]:
    shown = [_model(model) for model in provider.models[:MOST_MODELS]]
    more = len(provider.models) - MOST_MODELS
    return [*shown, f"… and {more} more"] if more > 0 else shown


def _counted(provider: ProviderRow) -> JsonObject:
    """Where there are more than a message holds."""
    return lines(provider.name, [f"• {plural(len(provider.models), 'model')}, in `gavel models`"])


def _model(model: ModelRow) -> str:
    used = "; ".join(model.used_for) or "not asked"
    measured = "".join(f"\n    {job}: {track_words(track)}" for job, track in model.measured.items())
    return f"• {inline(model.name, 60)} {code(model.model, 80)}: {inline(used, 120)}{measured}"


def _absent(provider: ProviderRow) -> str:
    return f"• {inline(provider.name, 40)}: {inline(provider.missing, 200)}"
