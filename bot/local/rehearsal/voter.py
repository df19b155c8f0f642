"""VoteSheet by rule: each pooled item is checked against the evidence in the conversation."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.local.rehearsal.conversation import Block, Conversation, Json, as_object
from bot.local.rehearsal.picture import Picture, look
from bot.local.rehearsal.temperament import Temperament, predicted_trouble, temperament_of

_STATEMENT = re.compile(r"(?P<subject>.+?): (?P<attribute>[\w -]+?) is (?P<negated>not )?(?P<value>.+)", re.DOTALL)
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_VERSION = re.compile(r"\b\d+\.\d+(?:\.\d+)+\b")


@dataclass(frozen=True)
class Stance:
    stance: str
    reason: str = ""
    settled_by: str = ""


_SUPPORT = Stance("support")
_SILENT = Stance("silent")


def vote(conversation: Conversation) -> Json:
    """A VoteSheet with one ballot for each item."""
    picture, temperament = look(conversation), temperament_of(conversation.model)
    ballots: list[Json] = []
    for item in (block for block in conversation.blocks if block.source == "item"):
        stance = _judge(item, picture, temperament)
        ballot = {"claim_id": item.attributes.get("claim_id", ""), "stance": stance.stance}
        ballots.append({**ballot, "reason": stance.reason[:200], "settled_by": stance.settled_by[:200]})
    return {"ballots": ballots}


def _judge(item: Block, picture: Picture, temperament: Temperament) -> Stance:
    if item.attributes.get("kind") in ("phase", "action"):
        return _judge_phase(item.text, picture)
    match = _STATEMENT.fullmatch(item.text.strip())
    if match is None:
        return _SILENT
    subject, value = match["subject"].lower(), match["value"].strip().lower()
    attribute = match["attribute"].strip().lower()
    if attribute == "cause":
        return (
            _SUPPORT
            if temperament.accepts_causes
            else Stance(
                "contradict", "No tool result speaks of the cause.", "Logs or alerts from when the drift began."
            )
        )
    if attribute == "wait_needed_seconds":
        return _judge_wait(picture, temperament)
    if item.attributes.get("receipts") == "fail":
        return Stance("contradict", "It cites a value that is not in the evidence.")
    found = _found(subject, attribute, picture)
    if found is None:
        return _SILENT
    if (value in found) != bool(match["negated"]):
        return _SUPPORT
    return Stance("contradict", f"The tools returned {', '.join(sorted(found)) or 'none'}, not {match['value']}.")


def _judge_wait(picture: Picture, temperament: Temperament) -> Stance:
    if temperament.sureness < 0.95:
        return _SUPPORT
    if not picture.simulations or predicted_trouble(picture):
        return _SILENT
    return Stance("contradict", "The simulation predicts no failures and no warning with the planned wait.")


def _found(subject: str, attribute: str, picture: Picture) -> set[str] | None:
    """What the evidence says the attribute is; None when it does not say."""
    fleet = subject == picture.fleet.lower()
    rows = {str(row.get("asset_id")).lower(): row for other in picture.comparisons for row in other.drifted}
    match attribute:
        case "assets_in_scope" if fleet and picture.pages:
            return {str(len(picture.assets))}
        case "drifted_count" if fleet and picture.main is not None:
            return {str(len(picture.drifted_of(picture.main))), str(len(picture.drifted_ids))}
        case "target_version":
            images = [other.image for other in picture.comparisons]
            return {str(i.get("version")).lower() for i in images if str(i.get("family")).lower() == subject} or None
        case "predicted_failures" if fleet and picture.simulations:
            return {
                str(as_object(run.output.get("simulation")).get("predicted_failures")) for run in picture.simulations
            }
        case "releases_behind" | "current_version" if subject in rows:
            return {str(rows[subject].get(attribute)).lower()}
        case "image_version":
            assets = {name.lower(): row for name, row in picture.assets.items()}
            return {str(assets[subject].get("image_version")).lower()} if subject in assets else None
        case _:
            return None


def _judge_phase(text: str, picture: Picture) -> Stance:
    if text.strip().lower().startswith("nothing should be changed"):
        count = len(picture.drifted_ids)
        return Stance("contradict", f"compare_versions lists {count} drifted assets.") if count else _SUPPORT
    named = {name.strip() for group in _BRACKETS.findall(text) for name in group.split(",") if name.strip()}
    if strangers := sorted(named - picture.drifted_ids):
        return Stance("contradict", f"{', '.join(strangers[:3])}: not listed as drifted by compare_versions.")
    known = picture.target_versions | {
        str(row.get("current_version")) for c in picture.comparisons for row in c.drifted
    }
    if wrong := sorted(set(_VERSION.findall(text)) - known):
        return Stance("contradict", f"{', '.join(wrong[:3])}: no tool returned this version.")
    return _SUPPORT if picture.drifted_ids else Stance("contradict", "The evidence lists nothing as drifted.")
