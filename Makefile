# Every target sets up what it needs; `make run` and `make test` work on a fresh clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help setup run demo test test-fast test-all test-spark lint types layers golden docs screenshots bench bench-quick bench-calibration check clean

help: ## what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: $(STAMP) ## make the virtual environment and install everything
$(STAMP): pyproject.toml constraints.txt
	@echo "Installing into $(VENV), once; this takes a minute or two."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

run: $(STAMP) ## serve Telltale; an empty home opens on the sample logs
	$(BIN)/telltale run

demo: $(STAMP) ## serve the sample logs in a home of their own
	$(BIN)/telltale run --demo --home .telltale-demo

lint: $(STAMP) ## ruff: style and common faults
	$(BIN)/ruff check .

types: $(STAMP) ## mypy, strict
	$(BIN)/mypy

layers: $(STAMP) ## import-linter: the one-way street
	$(BIN)/lint-imports

test: $(STAMP) lint types layers ## everything that must pass, browser tests included
	$(PYTEST) -n 2 -m "not browser and not matrix"
	$(PYTEST) -m "browser and not matrix" tests/e2e

test-fast: $(STAMP) ## tests without the browser and the slow ones
	$(PYTEST) -n 2 -m "not browser and not matrix and not slow"

test-all: test ## and every page in both themes and both sizes
	$(PYTEST) -m matrix tests/e2e

test-spark: ## every summary on a Spark cluster of two workers on this machine; needs Java 17, brings half a gigabyte
	test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[spark,dev]'
	.venv-spark/bin/python -m pytest -n 0 -m spark tests

golden: $(STAMP) ## rewrite the golden SQL
	TELLTALE_GOLDEN=1 $(PYTEST) -k golden

docs: $(STAMP) ## write the generated pages of docs/
	$(BIN)/telltale docs

screenshots: $(STAMP) ## take the pictures of the README from the sample logs
	$(BIN)/python docs/screenshots.py

bench: $(STAMP) ## benchmarks against the bare scan, and whole processes beside the peers
	$(BIN)/python -m bench
	$(BIN)/python -m bench.peers setup
	$(BIN)/python -m bench.peers run --rows 100000 1000000 10000000
	$(BIN)/python -m bench.monitors_round --write
	$(BIN)/python -m bench.fifty --write

bench-quick: $(STAMP) ## the main questions beside the bare scan, under three minutes
	$(BIN)/python -m bench --rows 300000 --repeats 2
	$(BIN)/python -m bench.monitors_round --models 3 --rows 50000 --repeats 1

bench-calibration: $(STAMP) ## false alarms on data that did not drift; resumable
	$(BIN)/python -m bench.calibration
	$(BIN)/python -m bench.calibration_sampled

check: $(STAMP) lint types layers test-fast ## before each commit

clean: ## remove what was built
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
