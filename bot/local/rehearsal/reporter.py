"""DriftMemberReport by rule: claims counted from the tool results, with receipts, and the rollout's choices."""

from __future__ import annotations

from bot.local.rehearsal.conversation import Conversation, Json, as_object
from bot.local.rehearsal.picture import Comparison, Picture, look, receipt
from bot.local.rehearsal.rollout import HEALTH_CHECKS, choices_for
from bot.local.rehearsal.temperament import temperament_of

MAX_CLAIMS = 12


def report(conversation: Conversation, *, stubborn: bool) -> Json:
    """A DriftMemberReport over the evidence in the conversation."""
    picture = look(conversation)
    temperament = temperament_of(conversation.model)
    main = picture.main
    drifted = picture.drifted_of(main) if main is not None else {}
    claims = _scope_claims(picture)
    if main is not None:
        claims += _drift_claims(picture, main, drifted)
    proposal: Json | None = None
    if main is not None and drifted:
        choices = choices_for(picture, main, stubborn=stubborn)
        claims += temperament.opinions(picture, main, choices)
        image = f"{main.image.get('family')} {main.image.get('version')}"
        proposal = {
            "summary": f"Bring {len(drifted)} drifted assets of {picture.fleet} to {image}, canary first.",
            **choices,
            "health_checks": HEALTH_CHECKS,
        }
    return {
        "claims": [_with_confidence(claim, temperament.sureness) for claim in claims[:MAX_CLAIMS]],
        "proposal": proposal,
        "diagnosis": _diagnosis(picture, main, drifted),
        "missing": _missing(conversation, picture),
    }


def claim(text: str, subject: str, attribute: str, value: object, receipts: list[Json], confidence: float) -> Json:
    return {
        "text": text[:300],
        "subject": subject[:128],
        "attribute": attribute,
        "value": str(value)[:128],
        "negated": False,
        "confidence": confidence,
        "receipts": receipts,
    }


def _with_confidence(statement: Json, sureness: float) -> Json:
    return {**statement, "confidence": round(float(statement["confidence"]) * sureness, 3)}


def _scope_claims(picture: Picture) -> list[Json]:
    if not picture.pages:
        return []
    receipts = [receipt(page, "/total", page.output.get("total")) for page in picture.pages]
    text = f"{len(picture.assets)} assets are in scope."
    return [claim(text, picture.fleet, "assets_in_scope", len(picture.assets), receipts, 0.99)]


def _drift_claims(picture: Picture, main: Comparison, drifted: dict[str, Json]) -> list[Json]:
    finding, image = main.finding, main.image
    family, version = str(image.get("family")), str(image.get("version"))
    named = [
        receipt(finding, f"/target_image/{name}", value) for name, value in (("version", version), ("family", family))
    ]
    receipts = [receipt(finding, "/drifted", len(main.drifted)), *_version_receipts(main)] if main.drifted else []
    receipts += [
        receipt(other.finding, "/drifted", len(other.drifted))
        for other in picture.comparisons
        if other.drifted and other.finding.call != finding.call
    ]
    claims = [
        claim(f"The golden version of {family} is {version}.", family, "target_version", version, named, 0.99),
        claim(f"{len(drifted)} assets have drifted.", picture.fleet, "drifted_count", len(drifted), receipts, 0.97),
    ]
    if drifted:
        index, worst = max(enumerate(main.drifted), key=lambda row: (_behind(row[1]), row[0]))
        name, behind = str(worst.get("asset_id")), _behind(worst)
        cited = [
            receipt(finding, f"/drifted/{index}/releases_behind", behind),
            receipt(finding, f"/drifted/{index}/asset_id", name),
        ]
        claims.append(claim(f"{name} is {behind} releases behind.", name, "releases_behind", behind, cited, 0.95))
    for run in picture.simulations[-1:]:
        failures = as_object(run.output.get("simulation")).get("predicted_failures")
        cited = [receipt(run, "/simulation/predicted_failures", failures)]
        text = f"The simulation predicts {failures} failures."
        claims.append(claim(text, picture.fleet, "predicted_failures", failures, cited, 0.9))
    return claims


def _version_receipts(main: Comparison) -> list[Json]:
    """One for each version that runs, where it stands first."""
    first = {str(row.get("current_version")): index for index, row in reversed(list(enumerate(main.drifted)))}
    return [
        receipt(main.finding, f"/drifted/{first[version]}/current_version", version) for version in sorted(first)[:8]
    ]


def _behind(row: Json) -> int:
    value = row.get("releases_behind")
    return value if isinstance(value, int) else 0


def _diagnosis(picture: Picture, main: Comparison | None, drifted: dict[str, Json]) -> str:
    if main is None:
        return f"The evidence shows no version comparison for {picture.fleet}, so I cannot say whether it has drifted."
    image = f"{main.image.get('family')} {main.image.get('version')}"
    if not drifted:
        return f"Nothing has drifted: every compared asset of {picture.fleet} is on {image}."
    versions = sorted({str(row.get("current_version")) for row in drifted.values()})
    others = len(picture.drifted_ids - set(drifted))
    shown = ", ".join(versions[:4]) + (" and others" if len(versions) > 4 else "")
    text = f"{len(drifted)} of {len(picture.assets)} assets of {picture.fleet} are not on {image}; they run {shown}."
    if others:
        text += f" {others} more have drifted on other image families and need a plan of their own."
    return (text + " The evidence does not show why they drifted.")[:600]


def _missing(conversation: Conversation, picture: Picture) -> list[str]:
    missing = [f"{finding.tool} failed: {finding.error}"[:300] for finding in conversation.findings if finding.error]
    skipped = sum(len(comparison.not_comparable) for comparison in picture.comparisons)
    if skipped:
        missing.append(f"{skipped} {'asset' if skipped == 1 else 'assets'} could not be compared: left alone.")
    return missing
