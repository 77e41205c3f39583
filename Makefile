# `make help` prints every target with the line after its `##`.
.DEFAULT_GOAL := help
.PHONY: help run test check test-llm bench eval lock migration schema graphiql clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes

help: ## Print this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "SheetGPT needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock | $(BIN)/python
	@echo "Installing the packages of requirements.lock …"
	@$(INSTALL) -r requirements.lock
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the packages of requirements-dev.lock …"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

run: $(VENV)/.runtime ## Migrate and serve (SQLite, no key, no other service needed)
	@exec $(BIN)/python app.py

test: check ## Run checks and the whole suite, on SQLite, PostgreSQL and in the browser
	@$(BIN)/python -m pytest

check: $(VENV)/.development ## Lint, format, types, import contracts, SDL snapshot
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m schema --check

test-llm: $(VENV)/.development ## Download a tiny real model (130 MB) and have it answer
	@$(BIN)/python -m tests.support.real_model .llm

bench: $(VENV)/.development ## Measure reads, writes and streams against a floor in the same run
	@$(BIN)/python -m tests.benchmarks

eval: $(VENV)/.development ## Count what is read out of the corpus of texts (docs/extraction.md)
	@$(BIN)/python -m tests.extraction --write

schema: $(VENV)/.development ## Write the SDL snapshot, schema/schema.graphql
	@$(BIN)/python -m schema

migration: $(VENV)/.development ## Write a migration from the models: make migration m="add sites"
	@$(BIN)/python -m db.migrations "$(m)"

lock: $(VENV)/.development ## Lock every dependency with its hashes
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 \
		pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock

graphiql: ## Build the GraphiQL files again (needs Node.js 20)
	@cd web/graphiql && npm ci --silent && npm run --silent build

clean: ## Remove what the other targets made (never a database)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
