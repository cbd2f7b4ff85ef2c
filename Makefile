# make demo   set up, simulate a small retailer, build, print a summary, serve (SERVE=0 stops before serving)
# make test   set up and run the tests
# make test-fast  the tests that neither simulate, build nor serve: under two minutes
# make coverage   all tests, with the share of the code that they run; below the floor it fails
# make matrix     the fast tests under each Python that is supported (MATRIX="3.12" for one)
# make lint   ruff and the type checker
# make spark  build the same models on Spark (needs Java 17) and compare every mart
# make setup  the locked environment alone, in .venv
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := demo
.PHONY: demo setup test test-fast coverage matrix lint spark setup-test setup-lint setup-spark

PYTHON ?= python3
SERVE ?= 1
DEMO_LINES ?= 60000
DEMO_SEED ?= 1
DEMO_END ?= 2026-10-31
# Two workers on two cores, four at most: a build by itself uses two threads.
PYTEST ?= --numprocesses auto --maxprocesses 4 --dist loadgroup
MATRIX ?= 3.11 3.12 3.13

# uv from the machine, else from a private environment that only holds uv. Its folder ignores itself in git.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# --inexact: setting up for the demo does not take the test tools away again.
SYNC = $(UV) sync --locked --inexact --compile-bytecode --no-default-groups
SAVOIR = .venv/bin/savoir

demo: setup
	@echo "== simulating $(DEMO_LINES) order lines over four years, up to $(DEMO_END)"
	$(SAVOIR) simulate --lines $(DEMO_LINES) --seed $(DEMO_SEED) --end $(DEMO_END)
	@echo "== building: ingest, models, checks, snapshot"
	@# 3 = published, and the door refused rows on purpose: the simulator plants a few.
	$(SAVOIR) build --as-of $(DEMO_END) || test $$? -eq 3
	@if [ "$(SERVE)" = 0 ]; then echo "== SERVE=0: not serving. \`$(SAVOIR) serve\` opens the dashboards."; \
	else echo "== serving on this machine alone"; exec $(SAVOIR) serve; fi

setup: $(UV)
	@echo "== setting up .venv (locked)"
	$(SYNC)

setup-test: $(UV)
	@echo "== setting up .venv with the test tools (locked)"
	$(SYNC) --group test

setup-lint: $(UV)
	@echo "== setting up .venv with the lint tools (locked)"
	$(SYNC) --group test --group lint

setup-spark: $(UV)
	@echo "== setting up .venv with Spark (locked)"
	$(SYNC) --extra spark

test: setup-test
	@echo "== running the tests"
	.venv/bin/python -m pytest $(PYTEST)

test-fast: setup-test
	.venv/bin/python -m pytest -m "not slow" $(PYTEST)

coverage: setup-test
	.venv/bin/python -m pytest --cov --cov-report=term:skip-covered $(PYTEST)

# Each Python has an environment of its own beside .venv; one that is not on this machine is fetched by uv.
matrix: $(UV)
	@for version in $(MATRIX); do \
	  echo "== Python $$version"; \
	  UV_PROJECT_ENVIRONMENT=.venv-$$version $(UV) sync --locked --quiet --python $$version --no-default-groups --group test; \
	  .venv-$$version/bin/python -m pytest -q -m "not slow" $(PYTEST) || exit 1; \
	done

lint: setup-lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/ty check

spark: setup-spark
	@echo "== building on DuckDB and on Spark"
	.venv/bin/python -m pipelines.spark

.uv/bin/uv:
	@echo "== uv is missing: installing it into .uv, for this checkout alone"
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=")'
	$(PYTHON) -m venv .uv
	@echo '*' > .uv/.gitignore
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv
