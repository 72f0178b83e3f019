# The whole manual: make up, make test, make check, make fmt, make bench, make lock.
.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
# On two cores; of what the tests take, a third is waiting.
WORKERS ?= 3
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := $(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --no-deps
SELF := $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline -e .

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(UV): requirements/bootstrap.txt
	@$(PYTHON) requirements/bootstrap.py "$(VENV)"
	@touch $(UV)

$(VENV)/.run: $(UV) pyproject.toml requirements/base.lock requirements/api.lock requirements/model.lock requirements/staff.lock requirements/embedded.lock requirements/build.lock
	@$(INSTALL) -r requirements/base.lock -r requirements/api.lock -r requirements/model.lock -r requirements/staff.lock -r requirements/embedded.lock -r requirements/build.lock
	@$(SELF)
	@touch $@

$(VENV)/.dev: $(UV) pyproject.toml requirements/all.lock
	@$(INSTALL) -r requirements/all.lock
	@$(SELF)
	@touch $@ $(VENV)/.run

.PHONY: up
up: $(VENV)/.run ## start everything on this machine; Ctrl-C stops it
	@exec $(BIN)/masteria up $(ARGS)

# What was compiled is kept, whatever the shell says: else each run compiles every test, and each process all of ours.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

.PHONY: test
test: $(VENV)/.dev ## run every test (real PostgreSQL and Valkey come along)
	@$(PYTEST) -n $(WORKERS) $(ARGS)

.PHONY: coverage
coverage: $(VENV)/.dev ## the same, with what they cover; half as long again
	@$(PYTEST) -n $(WORKERS) --cov --cov-report=term $(ARGS)

# Tests of which `make test` runs a part: whatever asks tests/fixtures/sizes.py how much to do.
SIZED = $(shell grep -rl --include='test_*.py' 'from tests.fixtures.sizes import' tests)

.PHONY: chaos
chaos: $(VENV)/.dev ## kill, freeze and cut off real processes: minutes (CHAOS_SEED=… plays a run again)
	@CHAOS=1 $(PYTEST) -n 2 tests/chaos/minutes $(SIZED) $(ARGS)

.PHONY: chaos-full
chaos-full: $(VENV)/.dev ## the same at full size, one run after the other: half an hour
	@CHAOS=1 $(PYTEST) -p no:randomly tests/chaos/full $(ARGS)

.PHONY: check
check: $(VENV)/.dev ## lint, types, import contracts, migrations against models
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.check_database

.PHONY: fmt
fmt: $(VENV)/.dev ## format and mend what can be mended
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

.PHONY: bench
bench: bench-startup bench-inbound bench-send bench-turn ## run every benchmark; bench-NAME runs one

.PHONY: bench-%
bench-%: $(VENV)/.dev
	@$(BIN)/python -m bench.$(subst -,_,$*)

.PHONY: transcripts
transcripts: $(VENV)/.dev ## talk with each shipped persona and the staff group, and write docs/*transcript*.md
	@$(BIN)/python -m bench.transcripts

.PHONY: lock
lock: $(UV) ## write the hash-pinned locks anew from pyproject.toml
	@requirements/lock.sh $(UV)
