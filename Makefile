# RedWhistle: `make` or `make help` lists what there is. Needs make, a POSIX shell and Python 3.11 or newer.

.POSIX:
.SUFFIXES:
.DELETE_ON_ERROR:

ARGS =
UV = uv
PYTEST_ARGS =
# Tests side by side. Those that kill and cut (`faults`) and those in a browser mostly wait: two files of them at a time.
JOBS = 3
# Compiled modules are kept, also where the environment says otherwise: a run starts a hundred processes of the same modules.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

VENV = .venv
BIN = $(VENV)/bin
CLIP = demo-data/bikes.mp4
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header \
	--python-version 3.11 --no-emit-package redwhistle

CONSOLE = sh .ci/console.sh

.PHONY: help demo console test test-fast lint audit bench screenshots clean lock servers

help: ## list these targets (default)
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/.installed-demo console $(CLIP) ## the whole system on this machine, from a real clip to the console in your browser (ARGS=--check: unattended)
	@$(BIN)/redwhistle demo $(ARGS)

console: $(VENV)/.installed-demo ## build the browser console into server/web/dist, if something of it changed
	@$(CONSOLE) build $(BIN)/python

test: lint servers console $(CLIP) ## lint, then all tests against real servers and in a real browser
	$(CONSOLE) npm $(BIN)/python run --silent test
	$(PYTEST) -m "not faults and not browser" -n $(JOBS) $(PYTEST_ARGS)
	$(PYTEST) -m "faults or browser" -n 2 --dist loadfile $(PYTEST_ARGS)

test-fast: $(VENV)/.installed-dev ## the tests that need no server, with few examples of each property: a minute on two cores
	REDWHISTLE_TEST_PROFILE=quick $(PYTEST) -m "not servers and not faults and not slow" -n $(JOBS) --dist worksteal \
		--ignore=tests/acceptance --ignore=tests/e2e --ignore=tests/faults $(PYTEST_ARGS)

lint: $(VENV)/.installed-dev audit ## ruff, mypy, import layers; eslint and types of the console; known holes in dependencies
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(CONSOLE) npm $(BIN)/python run --silent lint
	$(CONSOLE) npm $(BIN)/python run --silent typecheck

audit: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.architecture.audit

bench: $(VENV)/.installed-dev servers ## measure (ARGS="ingest --json": one measurement)
	@set -- $(ARGS); [ $$# -gt 0 ] || set -- all; $(BIN)/python -m bench "$$@"

screenshots: $(VENV)/.installed-dev console servers ## pictures of every page at phone, desk and wall width, into screenshots/
	$(BIN)/python -m tests.e2e.screenshots $(ARGS)

clean: ## remove what was made here, fetched servers and the environment too
	rm -rf $(VENV) .servers demo-data screenshots dist build server/web/dist server/web/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		.hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## renew the lock files after a change of pyproject.toml (needs uv; ARGS=--upgrade: newest versions)
	$(COMPILE) $(ARGS) --extra dev pyproject.toml --output-file requirements-dev.lock
	for extra in demo server "edge --extra gpio --extra osdp"; do \
		printf 'hatchling>=1.27,<2\neditables>=0.5,<1\n' | $(COMPILE) $(ARGS) --extra $$extra \
			--constraint requirements-dev.lock pyproject.toml - --output-file requirements-$${extra%% *}.lock || exit; \
	done
	@! grep -nE 'https?://|file:' requirements-*.lock || { echo 'a lock file names an address: see above' >&2; exit 1; }

servers: $(VENV)/.installed-dev
	@sh bench/servers/install.sh

$(CLIP): $(VENV)/.installed-demo requirements-demo-data.lock
	@$(BIN)/python docker/demo_clip.py $(CLIP)
	@touch $(CLIP)

# The environment. Each stamp says: this lock and this pyproject.toml are installed. `dev` holds all that `demo` needs.
$(VENV)/.installed-dev: $(VENV)/.made requirements-dev.lock pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.installed-dev $(VENV)/.installed-demo

$(VENV)/.installed-demo: $(VENV)/.made requirements-demo.lock pyproject.toml
	@if [ -e $(VENV)/.installed-dev ]; then $(MAKE) -s $(VENV)/.installed-dev; else \
		echo 'installing: once, a minute or less' >&2; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
			--requirement requirements-demo.lock && \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $(VENV)/.installed-demo

$(VENV)/.made: .ci/find-python.sh
	@python=$$(sh .ci/find-python.sh) && \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || \
		{ [ -x $(BIN)/python ] && $(BIN)/python -m ensurepip >/dev/null 2>&1; } || \
		"$$python" -m venv --clear $(VENV); }
	@touch $(VENV)/.made
