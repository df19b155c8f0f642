# May this image be built, and may it be promoted? What is asked of it, and what was seen of it once it exists.
package ql.ai.images

decision := {"allow": allow, "deny": deny, "version": data.ql.ai.lib.version}

default allow := false

allow if {
	count(unusable) == 0
	count(deny) == 0
}

deny := data.ql.ai.lib.incomplete(unusable) if count(unusable) > 0

else := rules_unusable if count(unreadable) > 0

else := findings

rules_unusable := {data.ql.ai.lib.refusal(
	"data.images",
	sprintf("the rules for images cannot be read (%s): correct data.gavel.images", [concat(", ", sort(unreadable))]),
	false,
)}

fields := [
	{"at": ["now"], "is": ["string"]},
	{"at": ["org"], "is": ["string"]},
	{"at": ["operation"], "is": ["string"]},
	{"at": ["promote_to"], "is": ["string", "null"]},
	{"at": ["images"], "is": ["array"]},
	{"at": ["built"], "is": ["object", "null"]},
	{"at": ["contract"], "is": ["object", "null"]},
]

# A promotion is of an image that is there: what it was built to is not asked again.
contract_fields := [
	{"at": ["family"], "is": ["string"]},
	{"at": ["version"], "is": ["string"]},
	{"at": ["base_image_id"], "is": ["string"]},
	{"at": ["cis_level"], "is": ["number", "null"]},
	{"at": ["packages"], "is": ["array"]},
	{"at": ["hardening"], "is": ["array"]},
	{"at": ["monitoring_agents"], "is": ["array"]},
]

image_fields := [
	{"at": ["id"], "is": ["string"]},
	{"at": ["org_id"], "is": ["string"]},
	{"at": ["family"], "is": ["string"]},
	{"at": ["version"], "is": ["string"]},
	{"at": ["status"], "is": ["string"]},
	{"at": ["signed"], "is": ["boolean"]},
]

built_fields := [
	{"at": ["image_id"], "is": ["string"]},
	{"at": ["status"], "is": ["string"]},
	{"at": ["signed"], "is": ["boolean"]},
	{"at": ["sbom_url"], "is": ["string", "null"]},
	{"at": ["tests"], "is": ["array"]},
	{"at": ["scan"], "is": ["object", "null"]},
]

scan_fields := [
	{"at": ["scanned_at"], "is": ["string"]},
	{"at": ["critical"], "is": ["number"]},
	{"at": ["high"], "is": ["number"]},
]

unusable contains path if some path in data.ql.ai.lib.unusable(input, fields)

unusable contains sprintf("contract.%s", [path]) if {
	is_object(input.contract)
	some path in data.ql.ai.lib.unusable(input.contract, contract_fields)
}

unusable contains "contract" if {
	input.operation != "promote"
	is_null(input.contract)
}

unusable contains sprintf("images.%s", [path]) if {
	some path in data.ql.ai.lib.unusable_each(input.images, image_fields)
}

unusable contains sprintf("contract.packages.%s", [path]) if {
	is_object(input.contract)
	some path in data.ql.ai.lib.unusable_each(input.contract.packages, [{"at": ["name"], "is": ["string"]}])
}

unusable contains sprintf("built.%s", [path]) if {
	is_object(input.built)
	some path in data.ql.ai.lib.unusable(input.built, built_fields)
}

unusable contains sprintf("built.tests.%s", [path]) if {
	is_object(input.built)
	some path in data.ql.ai.lib.unusable_each(input.built.tests, [
		{"at": ["name"], "is": ["string"]},
		{"at": ["passed"], "is": ["boolean"]},
	])
}

unusable contains sprintf("built.scan.%s", [path]) if {
	is_object(input.built)
	is_object(input.built.scan)
	some path in data.ql.ai.lib.unusable(input.built.scan, scan_fields)
}

# --- the rules' own figures: the org's over the shipped ones ---

limits := object.union(data.gavel.images["default"], object.get(data.gavel.images.orgs, input.org, {}))

limit_fields := [
	{"at": ["approved_base_families"], "is": ["array"]},
	{"at": ["cis_level_min"], "is": ["number"]},
	{"at": ["denied_packages"], "is": ["array"]},
	{"at": ["required_hardening"], "is": ["array"]},
	{"at": ["required_monitoring_agents"], "is": ["array"]},
	{"at": ["scan_critical_max"], "is": ["number"]},
	{"at": ["scan_high_max"], "is": ["number"]},
	{"at": ["scan_age_max_seconds"], "is": ["number"]},
]

unreadable contains path if some path in data.ql.ai.lib.unusable(limits, limit_fields)

unreadable contains "data.gavel.images" if not limits

# --- what is asked of the image ---

findings contains data.ql.ai.lib.refusal("images.operation", reason, true) if {
	not input.operation in {"build", "promote", "build_and_promote"}
	reason := sprintf("operation %s is not known: build, promote or build_and_promote", [input.operation])
}

findings contains data.ql.ai.lib.refusal("images.family", reason, true) if {
	is_object(input.contract)
	not regex.match(`^[a-z0-9][a-z0-9-]{1,62}$`, input.contract.family)
	reason := "the family is no name: lower-case letters, digits and hyphens, 2 to 63 of them"
}

findings contains data.ql.ai.lib.refusal("images.version", reason, true) if {
	is_object(input.contract)
	not semver.is_valid(input.contract.version)
	reason := sprintf("version %s is not semantic versioning: e.g. 1.4.0", [input.contract.version])
}

findings contains data.ql.ai.lib.refusal("images.version_taken", reason, true) if {
	builds
	semver.is_valid(input.contract.version)
	some image in own
	image.family == input.contract.family
	semver.is_valid(image.version)
	semver.compare(input.contract.version, image.version) <= 0
	reason := sprintf(
		"version %s of %s is not newer than %s, which exists: choose a higher one",
		[input.contract.version, input.contract.family, image.version],
	)
}

findings contains data.ql.ai.lib.refusal("images.base", reason, true) if {
	is_object(input.contract)
	not base_approved
	reason := sprintf(
		"base image %s is not approved: it must be signed, in production, of this org and of an approved family",
		[input.contract.base_image_id],
	)
}

findings contains data.ql.ai.lib.refusal("images.cis_level", reason, true) if {
	is_object(input.contract)
	not cis_enough
	reason := sprintf("CIS level %v or higher is needed", [limits.cis_level_min])
}

findings contains data.ql.ai.lib.refusal("images.hardening", reason, true) if {
	is_object(input.contract)
	lacking := {name | some name in limits.required_hardening} - {name | some name in input.contract.hardening}
	count(lacking) > 0
	reason := sprintf("the hardening lacks %s", [concat(", ", sort(lacking))])
}

findings contains data.ql.ai.lib.refusal("images.denied_package", reason, true) if {
	is_object(input.contract)
	asked := {lower(pin.name) | some pin in input.contract.packages}
	denied := asked & {lower(name) | some name in limits.denied_packages}
	count(denied) > 0
	reason := sprintf("packages that no image may hold: %s", [concat(", ", sort(denied))])
}

findings contains data.ql.ai.lib.refusal("images.monitoring", reason, true) if {
	is_object(input.contract)
	lacking := {name | some name in limits.required_monitoring_agents} - {name |
		some name in input.contract.monitoring_agents
	}
	count(lacking) > 0
	reason := sprintf("the monitoring agents lack %s", [concat(", ", sort(lacking))])
}

builds if input.operation in {"build", "build_and_promote"}

promotes if input.operation in {"promote", "build_and_promote"}

# Whoever takes an image out of use need not show that it is fit.
ships if {
	promotes
	input.promote_to != "deprecated"
}

own := [image | some image in input.images; image.org_id == input.org]

base_approved if {
	some image in own
	image.id == input.contract.base_image_id
	image.signed
	image.status == "production"
	family_approved(image.family)
}

family_approved(_) if "*" in limits.approved_base_families

family_approved(family) if family in limits.approved_base_families

cis_enough if input.contract.cis_level >= limits.cis_level_min

# --- what was seen of it, before it is promoted ---

steps := {"draft": "dev", "dev": "staging", "staging": "production", "production": "deprecated"}

findings contains data.ql.ai.lib.refusal("images.not_built", reason, true) if {
	promotes
	is_null(input.built)
	reason := "the image does not exist yet: build it and validate it before it is promoted"
}

findings contains data.ql.ai.lib.refusal("images.promotion_step", reason, true) if {
	promotes
	is_object(input.built)
	not object.get(steps, input.built.status, "") == input.promote_to
	reason := sprintf(
		"an image in %s goes to %s next: one step at a time",
		[input.built.status, object.get(steps, input.built.status, "nowhere")],
	)
}

findings contains data.ql.ai.lib.refusal("images.unsigned", "the image is not signed: sign it before it is promoted", true) if {
	ships
	input.built.signed == false
}

findings contains data.ql.ai.lib.refusal("images.no_sbom", "the image has no SBOM: attach one before it is promoted", true) if {
	ships
	is_object(input.built)
	is_null(input.built.sbom_url)
}

findings contains data.ql.ai.lib.refusal("images.no_tests", "no test was run on the image: validate it first", true) if {
	ships
	count(input.built.tests) == 0
}

findings contains data.ql.ai.lib.refusal("images.failed_tests", reason, true) if {
	ships
	failed := [test.name | some test in input.built.tests; test.passed == false]
	count(failed) > 0
	reason := sprintf("%d of its tests failed: %s", [count(failed), concat(", ", sort(failed))])
}

findings contains data.ql.ai.lib.refusal("images.no_scan", "the image was not scanned: scan it first", true) if {
	ships
	is_object(input.built)
	is_null(input.built.scan)
}

findings contains data.ql.ai.lib.refusal("images.scan_findings", reason, true) if {
	ships
	some name, allowed in {"critical": limits.scan_critical_max, "high": limits.scan_high_max}
	input.built.scan[name] > allowed
	reason := sprintf(
		"the scan found %v vulnerabilities of severity %s: at most %v are allowed",
		[input.built.scan[name], name, allowed],
	)
}

findings contains data.ql.ai.lib.refusal("images.scan_old", reason, true) if {
	ships
	age := time.parse_rfc3339_ns(input.now) - time.parse_rfc3339_ns(input.built.scan.scanned_at)
	age > limits.scan_age_max_seconds * 1000000000
	reason := sprintf("the scan is of %s: at most %v s old is allowed", [
		input.built.scan.scanned_at,
		limits.scan_age_max_seconds,
	])
}
