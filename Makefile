# Sitter: the commands a person needs. `make demo` and `make test` work on a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
# Sources and extras decide when the environment is remade.
STAMP := .venv/.installed

.PHONY: demo test check bench proto serve dev models clean

demo: models
	$(BIN)/sitter demo --out out/demo

test: models $(STAMP)-test $(STAMP)-conformance
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(STAMP)-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python proto/generate.py --check

# one benchmark: make bench NAME=watermark
NAME ?= pipeline
bench: models
	$(BIN)/python -m bench $(NAME)

proto: $(STAMP)-dev
	$(BIN)/python proto/generate.py

serve: models
	$(BIN)/sitter serve

dev: $(STAMP)-dev

models: $(STAMP)
	$(BIN)/sitter models pull

$(BIN)/python:
	$(PYTHON) -m venv .venv

# torch first and by its exact version: other resolutions can pull gigabytes of GPU libraries
$(STAMP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet "torch==2.13.0"
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(STAMP)-test: pyproject.toml $(STAMP)
	$(BIN)/python -m pip install --quiet --editable ".[test]"
	touch $@

# the outside verifiers; what cannot be had is told, and its tests skip
$(STAMP)-conformance: pyproject.toml tests/conformance/install.py $(STAMP)-test
	$(BIN)/python tests/conformance/install.py
	touch $@

$(STAMP)-dev: pyproject.toml $(STAMP)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf .venv out build dist *.egg-info
