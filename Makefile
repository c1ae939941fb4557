# run: the main job on the sample shop (or on ./bookbag.toml) · test: the whole suite · dev: the UI
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
# The lock is for uv: one version and its hashes for every package, no index named.
UV_VERSION := 0.13.9
READY := $(VENV)/.ready

export DO_NOT_TRACK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export RUNTIME__DLTHUB_TELEMETRY := false
export DAGSTER_DISABLE_TELEMETRY := yes
export GX_ANALYTICS_ENABLED := false

.PHONY: run test lint dev lock clean

run: $(READY)
	$(BIN)/bookbag run

# One more than there are cores: a test often waits for a process that it has started.
PROCESSES = $(shell $(BIN)/python -c "import os; print((os.cpu_count() or 1) + 1)")

# Data that the project may not carry: tests that need it are left out where it is not.
test: export BOOKBAG_SHARED ?= $(wildcard ../shared)
test: $(READY)
	$(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests

dev: $(READY)
	mkdir -p .bookbag/dagster
	cp bookbag_orchestration/dagster.yaml .bookbag/dagster/dagster.yaml
	DAGSTER_HOME=$(CURDIR)/.bookbag/dagster $(BIN)/dagster dev -w workspace.yaml -h 127.0.0.1

$(READY): requirements.lock pyproject.toml
	test -x $(UV) || { $(PYTHON) -m venv $(VENV) && $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	touch $(READY)

lock:
	$(UV) pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock

clean:
	rm -rf $(VENV) .bookbag
