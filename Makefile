# make demo: set up, ingest the sample corpus, print a cited answer.   make test: set up, check.
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; `make PYTHON=/path/to/python demo` takes another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
READY := $(VENV)/.ready
READY_DEV := $(VENV)/.ready-dev
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist worksteal
PIP_INSTALL := $(BIN)/pip install --quiet --quiet --disable-pip-version-check

.PHONY: demo test test-slow lint format bench docs pages pictures pins clean

demo: $(READY)
	@$(BIN)/newsbot demo --data data/demo

test: lint
	$(PYTEST) -m "not slow"

# What takes long: kills, damage, Chromium, exports, whole corpora and environments.
test-slow: $(READY_DEV)
	$(PYTEST) -m slow

lint: $(READY_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY_DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Every figure of README and docs/evaluation.md beside what this machine measures. With news and questions of your own:
# make bench BENCH="--articles FILE --questions FILE"
bench: $(READY_DEV)
	$(BIN)/python -m tests.bench.figures $(BENCH)

docs: $(READY_DEV)
	$(BIN)/zensical build --clean --strict

# What pages and .env.example repeat from code, and the pictures (which need a Chromium).
pages: $(READY_DEV)
	$(BIN)/python -m tests.pages

pictures: $(READY_DEV)
	$(BIN)/python -m tests.pictures

# Both lists of pins from pyproject.toml, for every Python and platform at once: pins that still fit stay as they are;
# `make pins UPGRADE=--upgrade` takes the newest of everything. CUDA's packages are left out: a CUDA build of torch
# names its own, exactly, and the CPU build needs none.
RESOLVE = build/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate $(UPGRADE) pyproject.toml
DEV_EXTRAS := --extra dev --extra charts --extra documents --extra parquet --extra docs
pins:
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet --disable-pip-version-check uv
	grep -v '^#' requirements.txt > build/run.txt
	grep -v -e '^#' -e '^-r' requirements-dev.txt > build/dev.txt
	$(RESOLVE) --output-file build/run.txt > /dev/null
	$(RESOLVE) $(DEV_EXTRAS) --constraints build/run.txt --output-file build/dev.txt > /dev/null
	{ grep '^#' requirements.txt; grep -vE '^(cuda|nvidia|triton)' build/run.txt; } > build/requirements.txt
	{ grep -e '^#' -e '^-r' requirements-dev.txt; grep -vxFf build/run.txt build/dev.txt; } > build/requirements-dev.txt
	mv build/requirements.txt build/requirements-dev.txt .

clean:
	rm -rf $(VENV) build dist site .cache .mypy_cache .pytest_cache .ruff_cache *.egg-info

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "newsbot needs Python 3.11 or newer; none was found on the PATH."; exit 1; }
	@echo "Setting up in $(VENV): some minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) -r requirements.txt
	$(PIP_INSTALL) --no-deps -e .
	@touch $(READY)

$(READY_DEV): $(READY) requirements-dev.txt
	$(PIP_INSTALL) -r requirements-dev.txt
	@touch $(READY_DEV)
