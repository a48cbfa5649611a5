# make demo · make test · make check · make bench
#
# Everything lives in .venv; a stamp file says whether it is up to date, so that a second
# call starts at once. ARGS goes to the command behind a target.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PROJECTS := $(wildcard core plugins/*/pyproject.toml examples/*/pyproject.toml)
PACKAGES := core $(patsubst %/pyproject.toml,%,$(filter-out core,$(PROJECTS)))
SOURCES := $(foreach package,$(PACKAGES),$(wildcard $(package)/src $(package)/tests))
DECLARED := pyproject.toml $(foreach package,$(PACKAGES),$(package)/pyproject.toml)

# One more than there are processors: who tests with a page waits for it a good part of the time.
WORKERS ?= $(shell echo $$(($$(nproc 2>/dev/null || echo 1) + 1)))

.PHONY: demo test check bench torture docs clean

demo: $(VENV)/.installed
	@$(BIN)/plugway demo $(ARGS)

test: $(VENV)/.developing
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.developing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(SOURCES) bench conftest.py $(wildcard tests)
	$(BIN)/lint-imports
	$(BIN)/python -m plugway.testing.reference --check docs/reference

bench: $(VENV)/.developing
	@$(BIN)/python bench/ledger.py $(ARGS)
	@$(BIN)/python bench/relay.py $(ARGS)
	@$(BIN)/python bench/memory.py $(ARGS)
	@$(BIN)/python bench/tasks.py $(ARGS)
	@$(BIN)/python bench/chat.py $(ARGS)
	@$(BIN)/python bench/aistudio.py $(ARGS)

# Tasks on two nodes with SIGKILL, lost answers and false callbacks, and everybody's word compared
# in the end: make torture ROUNDS=200 SEED=1 DB=postgres://… (an empty database; none: SQLite).
ROUNDS ?= 20
SEED ?= 1
torture: $(VENV)/.developing
	@$(BIN)/python tests/support/torture.py --rounds $(ROUNDS) --seed $(SEED) --db "$(DB)"

# Writes the reference pages that are generated from the code.
docs: $(VENV)/.developing
	$(BIN)/python -m plugway.testing.reference docs/reference

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "plugway needs Python 3.11 or newer: set PYTHON=…" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python $(DECLARED)
	$(PIP) install $(foreach package,$(PACKAGES),--editable ./$(package))
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(PIP) install --group dev
	@touch $@
