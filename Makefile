# `make help` prints every target with the line after its `##`.
.DEFAULT_GOAL := help
.PHONY: help run test test-fast check mutants test-llm bench eval lock migration schema app pictures graphiql audit sbom licences clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
ARGS ?=

# $(call install,FILE) installs the packages of a lock file and checks their hashes, with uv where it is installed and
# with pip otherwise or when uv fails (pip may know a mirror that uv does not). uv shows its own progress; pip's output
# becomes one line that counts. Without a terminal that line is printed again for every package.
define install
	@echo "Installing the packages of $(1) …"; \
	if [ -t 1 ]; then terminal=1; fi; \
	if [ -n "$(UV)" ] && "$(UV)" pip install --python $(BIN)/python --require-hashes -r $(1); then exit; fi; \
	{ $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r $(1) || echo FAILED; } | \
	awk -v terminal="$$terminal" ' \
		function show(text) { printf terminal ? "\r\033[K  %s" : "  %s\n", text; fflush() } \
		/^Collecting/ { show(++n " packages so far: " $$2) } \
		/^Installing collected/ { show("unpacking") } \
		/^FAILED$$/ { failed = 1 } \
		END { if (terminal) print ""; exit failed }'
	@touch $@
endef

help: ## Print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "SheetGPT needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 1; }
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(BIN)/python
	$(call install,requirements.lock)

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	$(call install,requirements-dev.lock)

run: $(VENV)/.runtime ## Install, migrate and serve (SQLite; no API key, no other service)
	@exec $(BIN)/python app.py

# Typed paths in ARGS, looked for before pytest takes seconds to start.
TYPED = $(foreach word,$(filter test%,$(ARGS)),$(if $(findstring /,$(word)),$(word)))
define check_paths
	@for path in $(TYPED); do test -e "$${path%%::*}" || { echo "There is no $${path%%::*}."; exit 4; }; done
endef

test: $(if $(ARGS),$(VENV)/.development,check) ## Run all checks and tests, or some tests: make test ARGS="tests/tables -k undo"
	$(check_paths)
	@# Without bytecode, every worker rewrites every test module again, and so does every process that a test starts.
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest $(ARGS)

test-fast: $(VENV)/.development ## Run the short tests on SQLite, without servers, browser and processes
	$(check_paths)
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --fast -n 2 $(ARGS)

check: $(VENV)/.development ## Check lint, format, types, import contracts and the SDL snapshot
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m schema --check

test-llm: $(VENV)/.development ## Download a tiny real model (130 MB) and let it answer
	@$(BIN)/python -m tests.support.real_model .llm

bench: $(VENV)/.development ## Measure reads, writes and streams against a floor in the same run
	@$(BIN)/python -m tests.benchmarks

eval: $(VENV)/.development ## Measure extraction on the corpus of texts (docs/extraction.md)
	@$(BIN)/python -m tests.extraction --write

schema: $(VENV)/.development ## Write the SDL snapshot, schema/schema.graphql
	@$(BIN)/python -m schema

migration: $(VENV)/.development ## Write a migration from the models: make migration m="add sites"
	@$(BIN)/python -m db.migrations "$(m)"

mutants: $(VENV)/.development ## Change the code line by line and list the changes that no test notices
	@$(BIN)/python -m tests.mutants $(ARGS)

lock: $(VENV)/.development ## Lock every dependency with its hash
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

app: ## Rebuild the page for people (needs Node.js 20)
	@cd web/app && npm ci --silent && npm run --silent build

pictures: $(VENV)/.development ## Take the pictures of docs/tour.md in a browser
	@$(BIN)/python -m tests.support.processes.pictures

graphiql: ## Rebuild the GraphiQL files (needs Node.js 20)
	@cd web/graphiql && npm ci --silent && npm run --silent build

audit: $(VENV)/.development ## Look for known vulnerabilities in the locked packages; says so when no advisories are reached
	@$(BIN)/uv tool run --quiet --from pip-audit pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
		-r requirements.lock > .audit 2>&1; code=$$?; cat .audit; \
	if grep -qE "could not be audited|ServiceError|ConnectionError|Failed to (fetch|upgrade)" .audit; then \
		echo "NOT AUDITED: no source of advisories could be reached from here. Run it where PyPI itself can be."; code=2; \
	fi; rm -f .audit; exit $$code

sbom: $(VENV)/.development ## Write sbom.cdx.json, the bill of materials of a release (CycloneDX)
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom cyclonedx-py requirements requirements.lock --of JSON -o sbom.cdx.json
	@echo "sbom.cdx.json lists the $$(grep -c '"type": "library"' sbom.cdx.json) packages of requirements.lock."

licences: $(VENV)/.development ## Write the licences of the packages to docs/licences.md
	@$(BIN)/python -m tests.deploy.licences

clean: ## Remove the environment and the caches (never a database)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
