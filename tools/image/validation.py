"""`validate_image`: an image against the org's standard, check by check. What cannot be told does not pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tools.advisories.severity import at_least
from tools.base import ToolContext
from tools.connectors.rows import require_own
from tools.contracts.estate import Image
from tools.contracts.pipeline import BaseImage, ImageCheck, ImageStandard
from tools.fields import clipped
from tools.image.models import CheckRow, ScanResult, TestRow, ValidateImageInput, ValidateImageOutput
from tools.image.sources import one_image, standard_source
from tools.lookup import listed
from tools.resources import image_fingerprint
from tools.security.assessment import Assessment, Finding, assess
from tools.security.scanning import counted

Status = Literal["pass", "fail", "unknown"]


async def validate_image(given: ValidateImageInput, context: ToolContext) -> ValidateImageOutput:
    return await validated(await one_image(given.image_id, context), context)


async def validated(image: Image, context: ToolContext) -> ValidateImageOutput:
    """Raises `EstateError` when the standard, the packages or the CVE data cannot be read."""
    org, source = context.caller.org, standard_source(context)
    standard = await source.image_standard(org)
    tests = list(require_own(await source.image_checks(org, image.id), org=org, source=context.estate.name))
    bases = list(require_own(await source.base_images(org), org=org, source=context.estate.name))
    assessment = await assess([image.id], context)
    checking = _Checking(image, standard, tests, bases, assessment)
    checks = checking.rows(context)
    totals = counted(list(assessment.findings))
    scan = ScanResult(
        scanned_at=context.now(),
        critical=totals.critical,
        high=totals.high,
        medium=totals.medium,
        low=totals.low,
    )
    rows = [TestRow(name=test.name, passed=test.passed, observed=clipped(test.observed)) for test in tests]
    return ValidateImageOutput(
        image_id=image.id,
        family=image.family,
        version=image.version,
        status=image.status,
        signed=image.signed,
        sbom_url=image.sbom_url,
        fingerprint=image_fingerprint(image, tests),
        valid=all(check.status == "pass" for check in checks),
        checks=checks,
        tests=rows[:200],
        scan=scan if image.id in assessment.packages else None,
        unrated=totals.unrated,
        worst=list(dict.fromkeys(finding.vulnerability for finding in assessment.findings))[:20],
        blocking_rating=standard.blocking_rating if standard else None,
    )


def _row(name: str, status: Status, observed: str, expected: str) -> CheckRow:
    return CheckRow(name=name, status=status, observed=clipped(observed), expected=clipped(expected))


@dataclass(frozen=True)
class _Checking:
    image: Image
    standard: ImageStandard | None
    tests: list[ImageCheck]
    bases: list[BaseImage]
    assessment: Assessment

    def rows(self, context: ToolContext) -> list[CheckRow]:
        signed = _row("signed", "pass" if self.image.signed else "fail", f"signed: {self.image.signed}", "a signature")
        sbom = _row(
            "sbom", "pass" if self.image.sbom_url else "fail", self.image.sbom_url or "none", "a bill of materials"
        )
        failed = [test.name for test in self.tests if not test.passed]
        tests = _row(
            "tests",
            "unknown" if not self.tests else "fail" if failed else "pass",
            f"failed: {listed(failed)}" if failed else f"{len(self.tests)} passed" if self.tests else "none was run",
            "every test of the pipeline passes",
        )
        standard = self.standard
        if standard is None:
            return [signed, sbom, tests, _row("standard", "unknown", "none is set", "a standard for images")]
        return [
            signed,
            sbom,
            tests,
            self._cis_level(standard),
            self._hardening(standard),
            self._agents(standard),
            self._denied(standard),
            self._age(standard, context),
            self._scan(standard),
        ]

    def _cis_level(self, standard: ImageStandard) -> CheckRow:
        level = self.image.cis_level
        status: Status = "unknown" if level is None else "pass" if level >= standard.cis_level else "fail"
        return _row("cis_level", status, f"level {level}" if level else "not known", f"{standard.cis_level} or higher")

    def _hardening(self, standard: ImageStandard) -> CheckRow:
        passed = {test.name for test in self.tests if test.passed}
        run = {test.name for test in self.tests}
        failed = [name for name in standard.hardening if name in run and name not in passed]
        untested = [name for name in standard.hardening if name not in run]
        status: Status = "fail" if failed else "unknown" if untested else "pass"
        observed = f"failed: {listed(failed)}" if failed else f"not tested: {listed(untested)}" if untested else "all"
        return _row("hardening", status, observed, listed(standard.hardening))

    def _agents(self, standard: ImageStandard) -> CheckRow:
        installed = self._installed()
        if installed is None:
            return _row("monitoring_agents", "unknown", "its packages are not known", listed(sorted(standard.agents)))
        missing = [name for name, packages in sorted(standard.agents.items()) if not installed & {name, *packages}]
        observed = f"missing: {listed(missing)}" if missing else "all"
        return _row("monitoring_agents", "fail" if missing else "pass", observed, listed(sorted(standard.agents)))

    def _denied(self, standard: ImageStandard) -> CheckRow:
        installed = self._installed()
        if installed is None:
            return _row("denied_packages", "unknown", "its packages are not known", "none")
        denied = {name.lower() for name in standard.denied_packages}
        found = sorted(name for name in installed if name.lower() in denied)
        return _row("denied_packages", "fail" if found else "pass", listed(found) or "none", "none")

    def _age(self, standard: ImageStandard, context: ToolContext) -> CheckRow:
        if self.image.created_at is None:
            return _row("age", "unknown", "not known", f"at most {standard.max_age_days} days")
        days = (context.now() - self.image.created_at).days
        status: Status = "pass" if days <= standard.max_age_days else "fail"
        return _row("age", status, f"{days} days", f"at most {standard.max_age_days} days")

    def _scan(self, standard: ImageStandard) -> CheckRow:
        expected = f"no vulnerability rated {standard.blocking_rating} or worse, and nothing left unjudged"
        blocking: list[Finding] = [
            finding
            for finding in self.assessment.findings
            if at_least(finding.severity.rating, standard.blocking_rating)
        ]
        if blocking:
            names = list(dict.fromkeys(finding.vulnerability for finding in blocking))
            return _row("scan", "fail", listed(names), expected)
        if self.assessment.doubts:
            return _row("scan", "unknown", f"{len(self.assessment.doubts)} packages could not be judged", expected)
        return _row("scan", "pass", f"{len(self.assessment.findings)} milder ones", expected)

    def _installed(self) -> set[str] | None:
        packages = self.assessment.packages.get(self.image.id)
        return None if packages is None else {package.name for package in packages}
