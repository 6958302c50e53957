# Every target works from a fresh clone: it needs git, make, Python 3.11 to 3.13 and PyPI, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:
# Great Expectations and Airflow take seconds to compile: keep what was compiled, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup demo test lint types fmt lock bench year clean

VENV  := .venv
PY    := $(VENV)/bin/python
UV    := $(VENV)/bin/uv
STAMP := $(VENV)/.stamp

# A company's own certificate authority is in the system's store, if the machine has one.
UV_CERTS := $(if $(wildcard /etc/ssl/certs/*),--system-certs)
UV_FLAGS := --no-config $(UV_CERTS)
LOCKED   := --extra quality --extra console --extra postgres --extra airflow --extra airflow-prod \
            --extra notify --extra simulators --group test --group lint

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make or refresh .venv from requirements.lock (nothing to do when nothing changed)

$(STAMP): requirements.lock pyproject.toml
	@sh scripts/make-venv.sh $(VENV)
	@$(UV) pip sync $(UV_FLAGS) --quiet --python $(PY) --require-hashes requirements.lock
	@$(UV) pip install $(UV_FLAGS) --quiet --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@
	@echo "setup: $(VENV) is ready"

demo: setup ## three nights over four simulated districts, with a summary after each
	@$(VENV)/bin/sisbridge demo

test: lint types ## floors, ruff, mypy, then every test, in parallel
	@$(PY) -m pytest -n $$(n=$$(getconf _NPROCESSORS_ONLN); [ "$$n" -gt 4 ] && n=4; echo $$n) --dist loadgroup

lint: setup ## floors and fences (import-linter), then ruff
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/ruff check .

types: setup ## mypy, strict
	@$(VENV)/bin/mypy

fmt: setup ## format and repair what ruff can
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format --quiet .

lock: $(if $(wildcard $(UV)),,setup) ## resolve requirements.lock again (hashed; no address in it)
	@env -u UV_FIND_LINKS -u UV_INDEX -u UV_INDEX_URL -u UV_DEFAULT_INDEX -u UV_EXTRA_INDEX_URL \
	  $(UV) pip compile --quiet --no-config $(UV_CERTS) --universal --python-version 3.11 --generate-hashes \
	  --custom-compile-command 'make lock' $(LOCKED) pyproject.toml -o requirements.lock

bench: setup ## rows per second and peak memory of each stage
	@$(PY) -m bench

year: setup ## a school year of twelve small districts with planted disasters, and what was held
	@$(PY) -m bench.year

clean: ## remove the environment, builds and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
