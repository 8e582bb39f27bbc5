# Everything a newcomer needs: `make run` and `make test`. Both set up .venv by themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev setup-slow test test-all lint bench lock clean

PORT ?= 8501
# Test files at work at once; 0 runs them one after the other, for a debugger.
TEST_WORKERS ?= 2
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
SIDE_BY_SIDE := -n "$(TEST_WORKERS)" --dist loadfile

help:
	@echo "make run        set up, then start the app (make run PORT=8600 for another port)"
	@echo "make test       set up, then check style and types and run the tests"
	@echo "make test-all   the same with the slow tests"
	@echo "make bench      quality and speed figures (needs the evaluation data)"
	@echo "make setup      only make or update $(VENV)"
	@echo "make lock       compile requirements.in into requirements.txt"

# A stamp holds the checksum of what was installed: an unchanged file means nothing to do and no network.
define install
	@set -euo pipefail; \
	want=$$(cat $(2) | cksum); have=$$(cat $(VENV)/$(1).stamp 2>/dev/null || true); \
	if [ "$$want" != "$$have" ] || ! [ -x $(BIN)/python ]; then \
	  "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Askance needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }; \
	  [ -x $(BIN)/python ] || "$(PYTHON)" -m venv $(VENV); \
	  echo "Installing the $(1) packages; the first time takes a few minutes."; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check $(3) $(foreach file,$(2),-r $(file)); \
	  echo "$$want" > $(VENV)/$(1).stamp; \
	fi
endef

setup:
	$(call install,run,requirements.txt)

setup-dev: setup
	$(call install,development,requirements.txt requirements-dev.txt)

setup-slow: setup-dev
	$(call install,slow,requirements-slow.txt,--no-deps)

run: setup
	@exec $(BIN)/python app.py --port "$(PORT)"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(PYTEST) $(SIDE_BY_SIDE) -m "not slow"

# The slow ones compare times and memory: nothing else may run beside them.
test-all: lint setup-slow
	$(PYTEST) $(SIDE_BY_SIDE) -m "not slow"
	$(PYTEST) -m slow

bench: setup-dev
	$(BIN)/python -m benchmarks.quality
	$(BIN)/python -m benchmarks.latency
	$(BIN)/python -m benchmarks.ingest

# uv resolves; the local suffix is cut so that the CPU build of torch is taken where one is offered.
lock: setup-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --python-version 3.11 $(LOCK_OPTIONS) requirements.in -o requirements.txt
	sed -i 's/^\(torch==[0-9.]*\)+.*/\1/' requirements.txt
	$(BIN)/uv pip compile --quiet --python-version 3.11 requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build
