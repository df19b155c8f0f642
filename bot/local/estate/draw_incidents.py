"""Draws what incidents leave behind: machines that fell ill, what changed before, and what only looks like it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from bot.local.estate.draw_assets import DrawnAsset
from tools.contracts.common import JsonObject
from tools.contracts.incident import AlertSeverity, ChangeKind

REBUILDS_REMEMBERED_DAYS = 30


@dataclass(frozen=True)
class Story:
    """A change, and what its machine complains of afterwards."""

    kind: ChangeKind
    actor: str
    summary: str
    complaint: str


STORIES = (
    Story(
        "config",
        "config-bot",
        "connection pool of {role} lowered from 256 to 64",
        "connection pool exhausted: 64 of 64 in use, 212 waiting",
    ),
    Story(
        "certificate",
        "pki-rotation",
        "internal CA bundle rotated",
        "TLS handshake failed: certificate verify failed (self-signed certificate in chain)",
    ),
    Story(
        "deploy",
        "ci",
        "{role} 4.8.1 deployed",
        "upstream timed out (110: Connection timed out) while reading response header",
    ),
)
UNEXPLAINED = "write failed: No space left on device (/var/log)"
"""Of the last ill machine: nothing that is on record changed before it."""

ROUTINE: tuple[tuple[ChangeKind, str, str], ...] = (
    ("deploy", "ci", "nightly build deployed"),
    ("config", "config-bot", "time servers replaced"),
    ("network", "netops", "security group tidied"),
    ("scaling", "autoscaler", "one machine added, one removed"),
    ("certificate", "pki-rotation", "host certificate renewed"),
)
UNITS = ("cron.service", "node_exporter.service", "chronyd.service", "logrotate.service")


@dataclass(frozen=True)
class Illness:
    asset: DrawnAsset
    story: Story | None
    """None: unexplained."""
    onset: datetime
    """The first error line."""
    raised_at: datetime
    """The alert, minutes later."""

    @property
    def complaint(self) -> str:
        return self.story.complaint if self.story else UNEXPLAINED


def illnesses(random: Random, assets: list[DrawnAsset], *, now: datetime) -> list[Illness]:
    """When each ill machine fell ill, and why. The last one's reason is on no record."""
    ill = [asset for asset in assets if asset.state == "running" and not asset.http_ok]
    stories = random.sample(STORIES, len(STORIES))
    found: list[Illness] = []
    for index, asset in enumerate(ill):
        raised_at = now - timedelta(minutes=random.uniform(15, 50))
        onset = raised_at - timedelta(minutes=random.uniform(2, 6))
        story = stories[index % len(stories)] if index < len(ill) - 1 else None
        found.append(Illness(asset, story, onset, raised_at))
    return found


def alert_rows(
    random: Random,
    ill: list[Illness],
    assets: list[DrawnAsset],
    drifted: list[DrawnAsset],
    *,
    org: str,
    now: datetime,
) -> list[JsonObject]:
    """One for each ill machine, one for each site whose production web servers drifted, and some that are over."""
    rows: list[JsonObject] = [
        _alert(
            one.asset,
            "critical" if one.asset.environment == "production" else "warning",
            f"High error rate on {one.asset.name}",
            f"{one.asset.error_rate_percent} % of requests failed in the last 10 minutes.",
            raised_at=one.raised_at,
        )
        for one in ill
    ]
    per_site: dict[str, list[DrawnAsset]] = defaultdict(list)
    for asset in drifted:
        if asset.environment == "production" and asset.role.name == "web" and asset.state == "running":
            per_site[asset.site.id].append(asset)
    for site, fleet in sorted(per_site.items()):
        drift = _alert(
            fleet[0],
            "warning",
            f"{len(fleet)} web servers in {site} have drifted",
            f"Not on the golden image of {fleet[0].role.family}: {', '.join(asset.name for asset in fleet)}.",
            raised_at=now - timedelta(hours=random.randint(1, 30)),
        )
        rows.append({**drift, "source": "drift-engine", "asset_id": None})
    well = [asset for asset in assets if asset.state == "running" and asset.http_ok]
    rows.extend(_past(random, asset, now=now) for asset in random.sample(well, 12))
    return [{"org_id": org, "id": f"alert-{number:03d}", **row} for number, row in enumerate(rows, start=1)]


def _past(random: Random, asset: DrawnAsset, *, now: datetime) -> JsonObject:
    severity: AlertSeverity = random.choice(("warning", "info", "info"))
    raised_at = now - timedelta(hours=random.uniform(20, 14 * 24))
    row = _alert(
        asset,
        severity,
        f"Disk usage of {asset.name}" if severity == "info" else f"CPU saturated on {asset.name}",
        f"{random.randint(71, 97)} % over the last 30 minutes.",
        raised_at=raised_at,
    )
    acknowledged = raised_at + timedelta(minutes=random.uniform(3, 40))
    row |= {"status": "acknowledged", "acknowledged_at": acknowledged, "acknowledged_by": "U0ONCALL"}
    if random.random() < 0.75:
        row |= {"status": "resolved", "resolved_at": acknowledged + timedelta(minutes=random.uniform(5, 240))}
    return row


def _alert(asset: DrawnAsset, severity: AlertSeverity, title: str, text: str, *, raised_at: datetime) -> JsonObject:
    return {
        "severity": severity,
        "title": title,
        "description": text[:500],
        "source": "alertmanager",
        "environment": asset.environment,
        "site": asset.site.id,
        "asset_id": asset.id,
        "status": "open",
        "raised_at": raised_at,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "resolved_at": None,
    }


def log_rows(
    random: Random, ill: list[Illness], assets: list[DrawnAsset], *, org: str, now: datetime
) -> list[JsonObject]:
    """What ill machines complain of from their onset on, among healthy chatter and a warning here and there."""
    lines: list[tuple[datetime, str, str, str, str]] = []
    for one in ill:
        unit = f"{one.asset.role.name}.service"
        after = sorted(random.uniform(0.02, 1) for _ in range(14))
        moments = [one.onset, *(one.onset + (now - one.onset) * share for share in after)]
        lines.extend((at, one.asset.id, "error", unit, one.complaint) for at in moments)
        quiet = [one.onset - timedelta(minutes=random.uniform(1, 25)) for _ in range(2)]
        lines.extend((at, one.asset.id, "info", unit, "Health check passed.") for at in quiet)
    well = random.sample([asset for asset in assets if asset.state == "running" and asset.http_ok], 30)
    for index, asset in enumerate(well):
        for _ in range(4):
            at = now - timedelta(minutes=random.uniform(1, 55))
            lines.append((at, asset.id, "info", random.choice(UNITS), "Finished; no errors."))
        if index < 6:
            at = now - timedelta(minutes=random.uniform(1, 55))
            lines.append((at, asset.id, "warning", "systemd-resolved.service", "DNS lookup retried once."))
    return [
        {
            "org_id": org,
            "id": f"log-{number:05d}",
            "asset_id": asset_id,
            "at": at,
            "level": level,
            "unit": unit,
            "message": message,
        }
        for number, (at, asset_id, level, unit, message) in enumerate(sorted(lines), start=1)
    ]


def change_event_rows(
    random: Random, ill: list[Illness], assets: list[DrawnAsset], *, org: str, now: datetime
) -> list[JsonObject]:
    """What made machines ill, a rollout that reached them too and harmed nobody else, repairs, routine, rebuilds."""
    rows: list[JsonObject] = []
    number = 4000
    for one in ill:
        number += random.randint(1, 9)
        if one.story is not None:
            at = one.onset - timedelta(minutes=random.uniform(1, 9))
            summary = one.story.summary.format(role=one.asset.role.name)
            rows.append(_change(one.asset, one.story.kind, f"CHG-{number}", one.story.actor, summary, at=at))
        repaired = one.raised_at + (now - one.raised_at) * random.uniform(0.2, 0.8)
        summary = f"{one.asset.role.name}.service restarted by hand"
        rows.append(_change(one.asset, "restart", f"CHG-{number}-R", "on-call", summary, at=repaired))
    rows.extend(_innocent(random, ill, assets, now=now))
    well = [asset for asset in assets if asset.state == "running" and asset.http_ok]
    for _ in range(40):
        number += random.randint(1, 9)
        kind, actor, summary = random.choice(ROUTINE)
        at = now - timedelta(hours=random.uniform(2, 14 * 24))
        touched = random.sample(well, random.randint(1, 4))
        rows.extend(_change(asset, kind, f"CHG-{number}", actor, summary, at=at) for asset in touched)
    recent = now - timedelta(days=REBUILDS_REMEMBERED_DAYS)
    rows.extend(
        _change(
            asset,
            "image",
            f"rebuild-{asset.role.family}-{asset.image_version}",
            "image-pipeline",
            f"rebuilt on {asset.role.family} {asset.image_version}",
            at=asset.updated_at,
        )
        for asset in assets
        if asset.updated_at >= recent
    )
    rows.sort(key=lambda row: (row["at"], row["reference"], row["asset_id"]))
    return [{"org_id": org, "id": f"event-{position:04d}", **row} for position, row in enumerate(rows, start=1)]


def _innocent(random: Random, ill: list[Illness], assets: list[DrawnAsset], *, now: datetime) -> list[JsonObject]:
    """A rollout shortly before the trouble, on ill and well machines alike."""
    if not ill:
        return []
    start = min(one.onset for one in ill) - timedelta(minutes=random.uniform(4, 8))
    well = random.sample([asset for asset in assets if asset.state == "running" and asset.http_ok], 24)
    touched = [*(one.asset for one in ill), *well]
    span = timedelta(minutes=3)
    return [
        _change(asset, "deploy", "CHG-3990", "ci", "node_exporter 1.9.1 deployed", at=start + span * random.random())
        for asset in touched
    ]


def _change(
    asset: DrawnAsset, kind: ChangeKind, reference: str, actor: str, summary: str, *, at: datetime
) -> JsonObject:
    return {
        "at": at,
        "kind": kind,
        "reference": reference,
        "environment": asset.environment,
        "site": asset.site.id,
        "asset_id": asset.id,
        "actor": actor,
        "summary": summary,
    }
