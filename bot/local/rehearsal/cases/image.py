"""The image agent, rehearsed: the family that is meant, how fit its golden image is, and a build or a promotion."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.local.rehearsal.cases.case import Call, Fact, fact, receipt
from bot.local.rehearsal.cases.choosing import ChoosingCase
from bot.local.rehearsal.conversation import Finding, Json, as_list, as_object

STAGES = ("draft", "dev", "staging", "production", "deprecated")
_BUILD = re.compile(r"\b(?:build|rebuild|bake|new (?:\w+ ){0,3}(?:image|version)|create)", re.IGNORECASE)
_PROMOTE = re.compile(r"promot\w*(?: \S+){0,6}? to (dev|staging|production|deprecated)", re.IGNORECASE)
_IMAGE_ID = re.compile(r"\bimg-[a-z0-9][\w.-]*", re.IGNORECASE)


@dataclass(frozen=True)
class ImageCase(ChoosingCase):
    def steps(self) -> Sequence[Callable[[], Call | None]]:
        return (self._versions, self._golden_checked, self._wanted_checked, self._contract)

    @property
    def words(self) -> str:
        return str(self.task.get("request") or self.task.get("goal") or "")

    def _versions(self) -> Call | None:
        return self.paged("list_image_versions", {})

    def _golden_checked(self) -> Call | None:
        golden = self._golden()
        return self._checked(str(golden[2].get("image_id"))) if golden else None

    def _wanted_checked(self) -> Call | None:
        return self._checked(self.wanted) if self.wanted and not self.builds else None

    def _checked(self, image_id: str) -> Call | None:
        asked = [one.params.get("image_id") for one in self.conversation.findings if one.tool == "validate_image"]
        return None if image_id in asked else ("validate_image", {"image_id": image_id})

    def _contract(self) -> Call | None:
        family, golden = self.family, self._golden()
        if not self.builds or family is None or golden is None:
            return None
        os = f"{golden[2].get('os_name')} {golden[2].get('os_version')}"
        return self.once("generate_image_contract", {"name": family, "os": os, "purpose": f"The {family} servers."})

    @property
    def builds(self) -> bool:
        return _BUILD.search(self.words) is not None

    @property
    def promote_to(self) -> str | None:
        found = _PROMOTE.search(self.words)
        return found.group(1).lower() if found else None

    def _images(self) -> list[tuple[Finding, str, Json]]:
        return list(self.rows("list_image_versions", "images"))

    @property
    def family(self) -> str | None:
        """The family that is named, or whose servers are."""
        words = self.words.lower()
        families = sorted({str(row.get("family")) for _, _, row in self._images()}, key=lambda name: (-len(name), name))
        exact = [name for name in families if name.lower() in words]
        stems = [name for name in families if re.search(rf"\b{re.escape(name.split('-')[0].lower())}\b", words)]
        return next(iter([*exact, *stems]), None)

    @property
    def wanted(self) -> str | None:
        """The image that is to be promoted: named, or the newest that stands one step before the stage."""
        named = _IMAGE_ID.search(self.words)
        if named:
            return named.group(0)
        target = self.promote_to
        before = STAGES[max(0, STAGES.index(target) - 1)] if target else None
        rows = [row for _, _, row in self._images() if row.get("family") == self.family and row.get("status") == before]
        return str(rows[0].get("image_id")) if rows else None

    def _golden(self) -> tuple[Finding, str, Json] | None:
        return next(
            (one for one in self._images() if one[2].get("family") == self.family and one[2].get("golden")), None
        )

    def facts(self) -> list[Fact]:
        found: list[Fact] = []
        golden = self._golden()
        if golden is not None:
            finding, path, row = golden
            cited = (f"{path}/family", f"{path}/golden")
            found.append(fact(str(row.get("family")), "golden_version", finding, f"{path}/version", *cited))
        for one in self.conversation.of("validate_image"):
            name = str(one.output.get("image_id"))
            found += [fact(name, attribute, one, f"/{attribute}", "/image_id") for attribute in ("valid", "status")]
            if as_object(one.output.get("scan")):
                found.append(fact(name, "critical_vulnerabilities", one, "/scan/critical", "/image_id"))
        for one in self.conversation.of("generate_image_contract"):
            family = str(as_object(one.output.get("contract")).get("family"))
            found.append(fact(family, "next_version", one, "/contract/version", "/contract/family"))
        return found

    def guesses(self) -> list[Fact]:
        """Birch says why a check fails. No result does."""
        for one in self.conversation.of("validate_image"):
            failing = [row for row in map(as_object, as_list(one.output.get("checks"))) if row.get("status") == "fail"]
            if failing and self.temperament.accepts_causes:
                cited = [receipt(one, "/image_id")]
                return [Fact(str(one.output.get("image_id")), "cause", "a base image that aged", cited, 0.5)]
        return []

    def proposal(self) -> Json | None:
        family, target = self.family, self.promote_to
        made = self.conversation.of("generate_image_contract")
        if family is None:
            return None
        if self.builds and made:
            params = made[-1].params
            step = target if target in ("dev", "staging") else None
            said = f" and promote it to {step}" if step else ""
            return {
                "summary": f"Build the next version of {family}{said}.",
                "operation": "build",
                "family": family,
                "os": params.get("os"),
                "purpose": params.get("purpose"),
                "promote_to": step,
            }
        if self.builds or self.wanted is None or target is None:
            return None
        summary = f"Promote {self.wanted} to {target}."
        return {
            "summary": summary,
            "operation": "promote",
            "family": family,
            "image_id": self.wanted,
            "promote_to": target,
        }

    def subjects(self) -> set[str]:
        listed = {str(row.get("image_id")) for _, _, row in self._images()}
        made = {str(one.output.get("image_id")) for one in self.conversation.of("generate_image_contract")}
        return listed | made

    def diagnosis(self) -> str:
        golden = self._golden()
        if golden is None:
            return "The results show no golden image of the family that is asked about."
        name = str(golden[2].get("image_id"))
        for one in self.conversation.of("validate_image"):
            if one.output.get("image_id") == name:
                open_checks = [
                    str(row.get("name"))
                    for row in map(as_object, as_list(one.output.get("checks")))
                    if row.get("status") != "pass"
                ]
                if open_checks:
                    return f"The golden image {name} is not in order: {', '.join(open_checks)[:300]}."
                return f"The golden image {name} passes every check."
        return f"The golden image is {name}. What its checks say was not read."

    def missing(self) -> list[str]:
        return self.errors()
