# Every target sets up .venv by itself, from the hash-locked requirements: Python 3.11 to 3.14, make and a package index are enough.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null && echo $$python && exit; \
	done; echo python3)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
LOCKED := --quiet --require-hashes --no-build-isolation
UPGRADE ?=
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header $(UPGRADE)

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo test check schema sample lock clean

help:
	@echo 'make demo    try the reference vendor: two contracts, one kept and one not'
	@echo 'make test    run the tests'
	@echo 'make check   lint, types, floors and tests'
	@echo 'make schema  write profiles/schema.json and docs/checks again, after a change to checks or subjects'
	@echo 'make sample  make reports/sample again, the committed run of a vendor that overclaims'
	@echo 'make lock    write requirements/*.txt again'
	@echo 'make clean   remove what these targets made, never a run'

demo: .venv/installed
	@$(BIN)/clauseproof demo

# On all cores; the tests of one file stay together, since they share what is slow to set up. In the order of
# tests/conftest.py, which begins with what takes longest.
TESTS := $(BIN)/python -m pytest tests -n auto --dist loadfile --no-loadscope-reorder

test: .venv/installed
	@$(TESTS)

# With AGAIN=yes, what fails beside others is tried once more by itself: drills and scans of real servers race with the
# clock, and a loaded machine can starve one.

check: .venv/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(TESTS) $(if $(AGAIN),|| $(BIN)/python -m pytest tests --last-failed --last-failed-no-failures none)

schema: .venv/installed
	@$(BIN)/python -c 'from pathlib import Path; from clauseproof.doors.assembly import load; \
		from clauseproof.profile.schema import spell_schema; \
		Path("profiles/schema.json").write_text(spell_schema(load()[0]), encoding="utf-8")'
	$(BIN)/python -m clauseproof.doors.catalogue docs

# Signed with a key that nobody keeps.
sample: .venv/installed
	rm -rf build/sample reports/sample
	CLAUSEPROOF_HOME=build/sample/home $(BIN)/clauseproof demo --out build/sample
	cp -r build/sample/overclaims/run reports/sample

# Build tools first: an sdist in dev.txt is built with them, without isolation, so that nothing enters unhashed.
.venv/installed: requirements/build.txt requirements/dev.txt pyproject.toml hatch_build.py
	@$(PYTHON) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo 'clauseproof needs Python 3.11 to 3.14 with venv; name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3' >&2; exit 2; }
	@echo 'Setting up .venv (about a minute, once)' >&2
	@$(PYTHON) -m venv .venv
	@$(PIP) install $(LOCKED) -r requirements/build.txt
	@$(PIP) install $(LOCKED) -r requirements/dev.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: .venv/installed
	@$(PIP) install $(LOCKED) -r requirements/lock.txt
	$(COMPILE) --group build --output-file requirements/build.txt
	$(COMPILE) --group lock --output-file requirements/lock.txt
	$(COMPILE) --group dev --extra sandbox --constraint requirements/build.txt --output-file requirements/dev.txt pyproject.toml

clean:
	rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find checks src tests -name __pycache__ -prune -exec rm -rf {} +
