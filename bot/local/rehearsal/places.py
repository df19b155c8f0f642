"""Which part of the estate a text names: regions, sites, platforms, hosts, kinds of servers, subjects, times."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot.local.rehearsal.conversation import Json
from bot.local.rehearsal.vocabulary import PLATFORM_WORDS, ROLE_WORDS, kinds_in

_REGION = re.compile(
    r"\b(?:[a-z]{2}-(?:north|south|east|west|central)[a-z]*-\d|[a-z]+-(?:north|south|east|west|central)[a-z]*\d|"
    r"(?:north|south|east|west|central)(?:europe|us|asia|uk)\d?|"
    r"amsterdam|dallas|dublin|frankfurt|london|oregon|paris|sydney|tokyo|virginia)\b"
)
_SITE = re.compile(r"\b(?:aws|azure|gcp|vsphere|k8s)-[a-z0-9-]*[a-z0-9]\b")
_HOST = re.compile(r"\b[a-z][a-z0-9]*(?:-[a-z0-9]+)*-[a-z0-9]*\d[a-z0-9]*\b")
_NO_HOST = re.compile(r"^(?:cve|ghsa|ec|us|eu|ap|sa|ca|me|af|soc|iso|pci|cis|log4j)-")
_SUBJECT = re.compile(
    r"\bcve-\d{4}-\d{3,7}\b|\bghsa(?:-[a-z0-9]{4}){3}\b|\b(?:soc ?2|pci(?:[- ]dss)?|hipaa|iso ?27001|cis)\b"
    r"|\b[a-z][a-z0-9]*-base\b|\b(?:checkout|payments?|search|login|billing-api|orders?)\b|\balt?-\d+\b"
)
_LOOKING_BACK = re.compile(
    r"(?:last|past|letzten|dernières?|últimas?|ultime|последни\w+|直近|过去)\s*(\d{1,3})?\s*"
    r"(minutes?|minuten|minutos|hours?|stunden?|heures?|horas?|days?|tagen?|jours?|días?|weeks?|час\w*|時間|小时|日|天)"
)
_SPANS = {"mi": 60, "h": 3600, "st": 3600, "ч": 3600, "時": 3600, "小": 3600, "w": 604800}


def hosts_in(text: str) -> list[str]:
    """Host names as they were written. `text` in lower case."""
    regions = set(_REGION.findall(text))
    subjects = set(_SUBJECT.findall(text))
    named = {host for host in _HOST.findall(text) if host not in regions | subjects and not _NO_HOST.match(host)}
    return sorted(named - set(sites_in(text)))


def sites_in(text: str) -> list[str]:
    """`aws-eu-west-1` names a place, not a machine; so does `vsphere-ams1`."""
    return sorted(set(_SITE.findall(text)))


def roles_in(text: str) -> list[str]:
    return kinds_in(ROLE_WORDS, text)


def context_in(text: str, *, roles: list[str], now: datetime | None = None) -> Json:
    """A TaskContext of what the text names. Empty: nothing."""
    regions, sites = sorted(set(_REGION.findall(text))), sites_in(text)
    hosts = hosts_in(text)
    found: Json = {
        "platforms": kinds_in(PLATFORM_WORDS, text),
        "regions": regions,
        "sites": sites,
        "asset_ids": hosts,
        # Named hosts say more than the kind of server they are.
        "tags": [] if hosts else [{"key": "role", "value": role} for role in roles],
        "subjects": list(dict.fromkeys(_SUBJECT.findall(text))),
        "time_range": _looking_back(text, now),
    }
    return {name: value for name, value in found.items() if value}


def _looking_back(text: str, now: datetime | None) -> Json | None:
    match = _LOOKING_BACK.search(text)
    if match is None or now is None:
        return None
    seconds = next((span for stem, span in _SPANS.items() if match[2].startswith(stem)), 86400)
    start = now - int(match[1] or 1) * timedelta(seconds=seconds)
    return {"start": start.isoformat(), "end": now.isoformat()}
