# make help     what can be done here
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench soak notebook lock docs clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := src tests benchmarks docs notebooks/execute.py

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/run.stamp  ## a portfolio of 90,000 clients, loaded, explained and drawn
	@$(BIN)/loanbook demo --if-missing
	@$(BIN)/loanbook run
	@echo "The program is $(BIN)/loanbook; with --help it tells what it can do."

test: $(VENV)/dev.stamp  ## every test, with small counts
	@$(BIN)/python tests/run.py

soak: $(VENV)/dev.stamp  ## the same tests with full counts
	@LOANBOOK_SOAK=1 $(BIN)/python tests/run.py

check: $(VENV)/dev.stamp  ## format, lint, types, floors, SQL
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/sqlfluff lint --processes 2 src/loanbook/sql

format: $(VENV)/dev.stamp  ## put Python and SQL into shape
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)
	@$(BIN)/sqlfluff fix --processes 2 src/loanbook/sql

bench: $(VENV)/dev.stamp  ## side by side with other ways, as ratios (an hour)
	@$(BIN)/python benchmarks/load.py --runs 5
	@$(BIN)/python benchmarks/load.py --scale 10
	@$(BIN)/python benchmarks/growth.py
	@$(BIN)/python benchmarks/operations.py
	@$(BIN)/python benchmarks/answers.py
	@$(BIN)/python benchmarks/day.py
	@$(BIN)/python benchmarks/letters.py
	@$(BIN)/python benchmarks/sources.py
	@$(BIN)/python benchmarks/transports.py

docs: $(VENV)/dev.stamp  ## regenerate the reference pages
	@$(BIN)/python docs/generate.py

notebook: $(VENV)/dev.stamp  ## the review and the pictures of the documents anew, from the demo
	@rm -rf workspace/review
	@$(BIN)/loanbook demo --home workspace/review
	@$(BIN)/loanbook run --home workspace/review
	@$(BIN)/python notebooks/execute.py workspace/review/lake
	@cp workspace/review/output_dataviz/issuance_by_month.svg docs/pictures/
	@$(BIN)/loanbook demo --home workspace/review --day 3
	@$(BIN)/python docs/screens.py workspace/review 2024-01-28
	@$(BIN)/loanbook stop --home workspace/review

lock: $(VENV)/dev.stamp  ## pin and hash the requirements anew (needs pip-tools)
	@pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-find-links --extra demo --extra letters --extra portfolio \
		--output-file requirements/run.txt pyproject.toml requirements/run.in
	@pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-find-links --extra demo --extra letters --extra portfolio \
		--extra sources --extra worker \
		--output-file requirements/worker.txt pyproject.toml requirements/run.in
	@pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --no-header \
		--no-emit-index-url --no-emit-find-links \
		--output-file requirements/dev.txt requirements/dev.in

clean:  ## remove what these targets made, workspace included
	@if [ -x $(BIN)/loanbook ]; then $(BIN)/loanbook stop; fi
	rm -rf $(VENV) workspace

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt requirements/worker.txt $(VENV)/run.stamp
	@echo "Adding what the tests need …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@
