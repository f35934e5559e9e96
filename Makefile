# Everything a person types. Python 3.11+, git and make are all that must be there already.

VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help run new test lint flow ui best plots record results bench bench-smoke clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/make \1	\2/' | expand -t 18

run: $(VENV)/pipeline  ## install if needed, run the pipeline that params.yaml describes, print where the report is
	@dvc repro
	@echo "report: $(CURDIR)/reports/report.html"

new: $(VENV)/pipeline  ## a params.yaml for your own file: make new DATA=tickets.csv, and if it asks OPTIONS="--text message --label queue"
	@python -m tasks.new $(if $(DATA),"$(DATA)") $(OPTIONS)

test: $(VENV)/dev  ## install if needed, run the tests, a file a core
	@python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/dev  ## ruff, mypy on gencls/, the layers
	@ruff check . && ruff format --check . && mypy && lint-imports

flow: $(VENV)/pipeline  ## the same pipeline as a Prefect flow
	@python -m flows.pipeline

ui: $(VENV)/pipeline  ## Prefect server on 127.0.0.1 with two deployments: run, schedule, watch
	@python -m flows.serve

best: $(VENV)/pipeline  ## which model won on validation, why, and the commands that predict with it
	@python -m tasks.best

plots: $(VENV)/pipeline  ## learning curves and confusions of DVC as one page that opens offline
	@python -m tasks.plots_page && dvc plots show

record: $(VENV)/pipeline  ## keep what the present report measured under results/runs/, with the commit; some arms: make record ARMS="naive_sft best_cell"
	@python -m tasks.results record $(ARMS)

results: $(VENV)/pipeline  ## make the tables of results/ and of the README from the recorded runs
	@python -m tasks.results tables

bench: $(VENV)/bench  ## install if needed, measure everything against its peers (a quarter of an hour): benchmarks/RESULTS.md
	@python -m benchmarks

bench-smoke: $(VENV)/bench  ## that the benchmarks still run, in some ninety seconds; their numbers mean nothing
	@python -m benchmarks --smoke

clean:  ## remove unfinished outputs, checkpoints and timings; never data, models or reports
	@rm -rf .gencls

$(VENV)/%: pyproject.toml constraints.txt
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	@echo "installing (once; torch is large) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$*]"
	@touch $@
