# make demo: set up, ingest the sample corpus, print a cited answer.   make test: set up, check everything.
VENV := .venv
BIN := $(VENV)/bin
# The first Python that is new enough; `make PYTHON=/path/to/python demo` takes another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
READY := $(VENV)/.ready

.PHONY: demo test lint format bench clean

demo: $(READY)
	@$(BIN)/newsbot demo

test: lint
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python tests/bench/bench_start.py

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache *.egg-info

$(READY): requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "newsbot needs Python 3.11 or newer; none was found on the PATH."; exit 1; }
	@echo "Setting up in $(VENV): some minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
