# Everything goes through `make setup`, which takes no time when nothing is missing. GNU make 3.81 is enough.

PYTHON ?= python3
PYTEST_ARGS ?=
T ?=

# What the caller has on PATH is asked before what setup made, so setup gets the PATH from before the next line.
OUTER_PATH := $(PATH)
export PATH := $(CURDIR)/.toolchain/bin:$(CURDIR)/.venv/bin:$(PATH)
export PULUMI_SKIP_UPDATE_CHECK ?= 1
# Otherwise each of the many short processes compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

SETUP = PATH="$(OUTER_PATH)" $(PYTHON) -m toolchain.setup
PYTEST = .venv/bin/pytest
# Much of a test is waiting, so one worker more than the smallest machine has cores; short ones fill the gaps.
PARALLEL = -n 3 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup up down test soak unit conformance e2e lint bench schemas docs pictures sdks dist clean

help: ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

setup: ## the package in .venv/; pulumi, livekit-server and tofu in .toolchain/bin/
	@$(SETUP)

up: ## start the local Rooms API, pulumi up, show the rooms
	@$(SETUP) --up
	@.venv/bin/python -m toolchain.local up

down: ## end what `make up` left running
	@if [ -x .venv/bin/python ]; then .venv/bin/python -m toolchain.local down; \
	else echo "nothing is set up here, so nothing is running"; fi

# The SDK examples need the generators, and those need Go; without it their tests say that they were skipped.
GENERATORS = $(if $(shell command -v go),sdks)

test: setup $(GENERATORS) ## all the tests but those of soak; T=tests/unit for some, PYTEST_ARGS=... for pytest
	$(PYTEST) $(PARALLEL) $(PYTEST_ARGS) $(T)

soak: setup $(GENERATORS) ## the slow tests that `make test` leaves out: thousands of rooms, more examples, every door at length
	$(PYTEST) $(PARALLEL) -m soak $(PYTEST_ARGS) $(T)
	HISTORIES=2000 $(PYTEST) -n 2 $(PYTEST_ARGS) tests/unit/test_histories.py

unit: setup ## the fast tests
	$(PYTEST) $(PARALLEL) -m 'unit and not soak' $(PYTEST_ARGS) $(T)

conformance: setup ## the Rooms API document against a served API
	$(PYTEST) -m 'conformance and not soak' $(PYTEST_ARGS) $(T)

e2e: setup ## the tests with a real Pulumi engine and a real LiveKit server
	$(PYTEST) $(PARALLEL) -m 'e2e and not soak' $(PYTEST_ARGS) $(T)

lint: setup ## ruff, mypy and the import layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup ## the measurements in bench/, an hour; `python -m bench --help` for some of them
	.venv/bin/python -m bench

OUTPUTS = drift changes plan list get get-sayna remove-participant token doctor imports

# By way of another file: a command that fails must not leave an empty schema behind.
schemas: setup ## write schema.json, rooms.schema.json, schemas/, docs/terraform/ and docs/reference/ anew
	.venv/bin/relay-rooms schema pulumi > .toolchain/schema.json
	mv .toolchain/schema.json schema.json
	.venv/bin/relay-rooms schema manifest > .toolchain/rooms.schema.json
	mv .toolchain/rooms.schema.json rooms.schema.json
	for name in $(OUTPUTS); do .venv/bin/relay-rooms schema $$name > .toolchain/output.json && \
		mv .toolchain/output.json schemas/$$name.json || exit 1; done
	.venv/bin/python -m toolchain.registry_docs
	.venv/bin/python -m toolchain.reference

# What only these two need is no part of the set-up.
DOCS = @.venv/bin/python -c 'import material, pyte' 2>/dev/null || \
	.venv/bin/python -m pip install --disable-pip-version-check -q --group docs -c toolchain/constraints.txt

docs: setup ## the site of the documentation into site/, the pages for Pulumi's registry into build/
	$(DOCS)
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --strict
	@.venv/bin/python -m toolchain.pulumi_registry
	@echo "the documentation is in site/index.html"

pictures: setup ## the pictures of terminals in docs/pictures/, from real runs
	$(DOCS)
	.venv/bin/python -m toolchain.pictures

sdks: ## SDKs for nodejs, go and python from schema.json into sdks/
	@$(SETUP) --sdks
	.toolchain/bin/gen-sdks schema.json sdks

dist: sdks ## everything that is released, into dist/: needs git, Go and Node.js
	@.venv/bin/python -m toolchain.dist

clean: ## remove what setup and the tests made here (the cache of built programs stays)
	rm -rf .venv .toolchain sdks dist site build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
