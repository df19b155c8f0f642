package ql.ai.images_test

import data.ql.ai.images

valid := {
	"now": "2026-11-24T10:00:00Z",
	"org": "T1",
	"operation": "build_and_promote",
	"promote_to": "staging",
	"images": [
		{"id": "i1", "org_id": "T1", "family": "web-base", "version": "5.2.0", "status": "production", "signed": true},
		{"id": "i2", "org_id": "T2", "family": "web-base", "version": "9.0.0", "status": "production", "signed": true},
		{"id": "i3", "org_id": "T1", "family": "web-base", "version": "5.2.1", "status": "production", "signed": false},
		{"id": "i4", "org_id": "T1", "family": "web-base", "version": "5.2.2", "status": "draft", "signed": true},
	],
	"contract": {
		"family": "web-base",
		"version": "5.3.0",
		"base_image_id": "i1",
		"cis_level": 1,
		"packages": [{"name": "nginx"}],
		"hardening": data.gavel.images["default"].required_hardening,
		"monitoring_agents": data.gavel.images["default"].required_monitoring_agents,
	},
	"built": {
		"image_id": "i9",
		"status": "dev",
		"signed": true,
		"sbom_url": "https://sbom.example/i9",
		"tests": [{"name": "boots", "passed": true}],
		"scan": {"scanned_at": "2026-11-24T09:00:00Z", "critical": 0, "high": 0},
	},
}

set_to(path, value) := [{"op": "add", "path": path, "value": value}]

rules(changes) := found if {
	decision := images.decision with input as json.patch(valid, changes)
	found := {entry.rule | some entry in decision.deny}
}

test_a_good_image_is_allowed if images.decision == {"allow": true, "deny": set(), "version": "1"} with input as valid

test_a_build_needs_nothing_built if {
	rules(array.concat(
		set_to("/built", null),
		array.concat(set_to("/operation", "build"), set_to("/promote_to", null)),
	)) == set()
}

refused := {
	"images.operation": set_to("/operation", "destroy"),
	"images.family": set_to("/contract/family", "Web Base; rm"),
	"images.version": set_to("/contract/version", "5.3"),
	"images.version_taken": set_to("/contract/version", "5.2.2"),
	"images.base": set_to("/contract/base_image_id", "i2"),
	"images.cis_level": set_to("/contract/cis_level", 0),
	"images.hardening": set_to("/contract/hardening", []),
	"images.denied_package": set_to("/contract/packages/0/name", "Telnet"),
	"images.monitoring": set_to("/contract/monitoring_agents", []),
	"images.not_built": set_to("/built", null),
	"images.promotion_step": set_to("/promote_to", "production"),
	"images.unsigned": set_to("/built/signed", false),
	"images.no_sbom": set_to("/built/sbom_url", null),
	"images.no_tests": set_to("/built/tests", []),
	"images.failed_tests": set_to("/built/tests/0/passed", false),
	"images.no_scan": set_to("/built/scan", null),
	"images.scan_findings": set_to("/built/scan/critical", 1),
	"images.scan_old": set_to("/built/scan/scanned_at", "2026-11-01T09:00:00Z"),
	"input.incomplete": [{"op": "remove", "path": "/built/scan/high"}],
}

test_each_rule_refuses[rule] if {
	some rule, changes in refused
	rules(changes) == {rule}
}

promotion := array.concat(set_to("/operation", "promote"), set_to("/contract", null))

test_a_promotion_needs_no_contract_and_a_build_does if {
	rules(promotion) == set()
	rules(array.concat(promotion, set_to("/built/tests", []))) == {"images.no_tests"}
	rules(set_to("/contract", null)) == {"input.incomplete"}
}

test_what_goes_out_of_use_need_not_be_fit if {
	unfit := array.concat(set_to("/built/signed", false), set_to("/built/scan", null))
	retired := array.concat(set_to("/built/status", "production"), set_to("/promote_to", "deprecated"))
	rules(array.concat(promotion, array.concat(unfit, retired))) == set()
	rules(array.concat(promotion, array.concat(unfit, set_to("/promote_to", "deprecated")))) == {"images.promotion_step"}
}

test_no_cis_level_is_none if rules(set_to("/contract/cis_level", null)) == {"images.cis_level"}

test_a_base_that_is_unsigned_or_no_production_image_is_refused if {
	rules(set_to("/contract/base_image_id", "i3")) == {"images.base"}
	rules(set_to("/contract/base_image_id", "i4")) == {"images.base"}
	rules(set_to("/contract/base_image_id", "i0")) == {"images.base"}
}

test_the_approved_families_are_the_orgs_own if {
	shipped := data.gavel.images["default"]
	own := {"default": shipped, "orgs": {"T1": {"approved_base_families": ["hardened"]}}}
	decision := images.decision with input as valid with data.gavel.images as own
	{entry.rule | some entry in decision.deny} == {"images.base"}
	named := {"default": shipped, "orgs": {"T1": {"approved_base_families": ["web-base"]}}}
	allowed := images.decision with input as valid with data.gavel.images as named
	allowed.allow
}

test_without_its_figures_nothing_is_allowed if {
	decision := images.decision with input as valid with data.gavel.images as {}
	{entry.rule | some entry in decision.deny} == {"data.images"}
	wrong := {"default": data.gavel.images["default"], "orgs": {"T1": {"scan_critical_max": "none"}}}
	other := images.decision with input as valid with data.gavel.images as wrong
	{entry.rule | some entry in other.deny} == {"data.images"}
}

test_malformed_members_are_incomplete if {
	rules([{"op": "remove", "path": "/contract/hardening"}]) == {"input.incomplete"}
	rules([{"op": "remove", "path": "/org"}]) == {"input.incomplete"}
	rules([{"op": "remove", "path": "/images/0/signed"}]) == {"input.incomplete"}
	rules(set_to("/contract/packages/0", "nginx")) == {"input.incomplete"}
	rules([{"op": "remove", "path": "/built/tests/0/passed"}]) == {"input.incomplete"}
	rules([{"op": "remove", "path": "/built/signed"}]) == {"input.incomplete"}
}
