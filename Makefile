# Everything here needs make and Python 3.11 or newer; the rest is installed into .venv from the locks.

VENV ?= .venv
ifndef PYTHON
# Looked for once, and only where it is needed.
PYTHON = $(eval PYTHON := $(firstword $(foreach name,python3.13 python3.12 python3.11 python3,$(shell $(name) -c $(NEW_ENOUGH) 2>/dev/null && echo $(name)))))$(PYTHON)
endif
NEW_ENOUGH = 'import sys; sys.exit(sys.version_info < (3, 11))'
BIN = $(VENV)/bin
READY = $(VENV)/.installed
# What `make dev` and `make serve` need: a quarter of the packages, and all of them as wheels.
RUNS = $(VENV)/.runs
LOCKER = build/locker
# Schemathesis has an environment of its own: nothing that the tests or the server need is of its choosing.
CONFORMANCE = build/conformance
# The pages of the docs as a site, in one file: part of the wheel, and built again whenever a page is newer.
SITE = src/bodega/site.zip
# What is measured beside Bodega, from its registry by a lock with hashes; nothing without npm.
PEERS = build/peers/.installed
SPEC ?= ../shared/spec
# Tests run in several processes, a file of them in one; tests/conftest.py says in how many, and which file first.
SPREAD ?= -n auto --dist loadfile --no-loadscope-reorder

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Compiled modules are kept, also where the environment says otherwise: the tests start hundreds of processes, and each
# would compile the whole package again, which takes seconds.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help dev serve test test-cluster lint screenshots docs docs-site dist bench bench-count bench-peers catalyst bench-large bench-variants bench-orders bench-prices bench-checkouts soak kills conformance lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: $(RUNS)  ## Start a throwaway demo store; more options: make dev ARGS="--http-port 9000"
	@exec $(BIN)/bodega dev $(value ARGS)

serve: $(RUNS)  ## Start the server on ./bodega-data; more options: make serve ARGS="--insecure-http"
	@exec $(BIN)/bodega serve $(value ARGS)

test: $(READY)  ## Run the tests; fewer of them: make test ARGS="-k postgres"; in one process: make test SPREAD=
	@$(BIN)/pytest $(SPREAD) $(value ARGS)

test-cluster: $(READY)  ## Run the tests on a Citus cluster (docs/scale.md): make test-cluster URL=postgresql://coordinator/db
	@$(if $(URL),,$(error URL names a database of the coordinator: make test-cluster URL=postgresql://host/db))
	@BODEGA_TEST_DATABASE_URL=$(URL) $(BIN)/pytest $(SPREAD) --on-postgres $(value ARGS)

lint: $(READY)  ## Check style, format, types, and for insecure code
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/bandit --quiet --recursive --configfile pyproject.toml src scripts

screenshots: $(READY)  ## Index the screenshots that the tests in a browser saved: build/screenshots/index.html
	@$(BIN)/python scripts/screenshots.py

docs: $(READY)  ## Regenerate the pages that follow from the code
	@$(BIN)/python -m bodega.docs
	@$(BIN)/python -m bench.figures

docs-site: $(SITE)  ## Build the site of the docs, which a server shows at /docs

dist: $(READY) $(SITE)  ## Build the wheel and the source distribution, and check what an index would say of them
	@rm -f dist/bodega-*
	@$(BIN)/python -m hatchling build --directory dist
	@$(BIN)/twine --no-color check --strict dist/bodega-*

bench: $(READY)  ## Measure against a bare server; shorter: make bench ARGS=--quick
	@$(BIN)/python -m bench $(value ARGS)

bench-count: $(READY)  ## Count instructions a request, under valgrind: make bench-count ARGS="--all --database both"
	@$(BIN)/python -m bench.count $(value ARGS)

bench-peers: $(READY) $(PEERS)  ## Measure beside other test doubles, from their registry; needs Node
	@$(BIN)/python -m bench.beside $(value ARGS)

bench-large: $(READY)  ## Count on a store of a million products (many minutes); fewer: ARGS="--products 30000"
	@$(BIN)/python -m bench.large $(value ARGS)

bench-variants: $(READY)  ## Measure a store of 200,000 variants beside one of 10,000 (takes minutes)
	@$(BIN)/python -m bench.variants $(value ARGS)

bench-orders: $(READY)  ## Measure a store of 500,000 orders beside one of 10,000 (takes many minutes)
	@$(BIN)/python -m bench.orders $(value ARGS)

bench-prices: $(READY)  ## Measure the CPU of a cart's price, in a store with a price list of 100,000 records
	@$(BIN)/python -m bench.prices --records 100000 $(value ARGS)

bench-checkouts: $(READY)  ## Measure the CPU of each request from a cart to its order; ARGS="--carts 5000" fills the store
	@$(BIN)/python -m bench.checkouts $(value ARGS)

soak: $(READY)  ## Ask a server 200,000 times; fewer: make soak ARGS="--requests 20000 --database postgres"
	@$(BIN)/python -m bench.soak $(value ARGS)

kills: $(READY)  ## Kill a server 100 times under load and look for losses; fewer: make kills ARGS="--kills 20"
	@$(BIN)/python -m bench.kills $(value ARGS)

conformance: $(CONFORMANCE)/.installed  ## Ask every published operation with Schemathesis (20 minutes); fewer: ARGS="--only catalog"
	@PYTHONPATH=tests $(CONFORMANCE)/bin/python -m conformance --spec $(SPEC) $(value ARGS)

catalyst: $(READY)  ## Run the end-to-end tests of a checkout of Catalyst on a store: make catalyst DIR=../catalyst
	@$(if $(DIR),,$(error DIR names a checkout of Catalyst: make catalyst DIR=../catalyst))
	@$(BIN)/python scripts/catalyst.py $(DIR) $(value ARGS)

lock: $(LOCKER)  ## Resolve the dependencies again; to newer versions: make lock ARGS=--upgrade
	@echo "Resolving what runs the server (about 10 s) ..."
	@$(COMPILE) --output-file requirements/run.txt pyproject.toml
	@echo "Resolving what develops it (about 30 s) ..."
	@$(COMPILE) --extra dev --allow-unsafe --constraint requirements/run.txt --output-file requirements/dev.txt pyproject.toml
	@echo "Resolving what builds it (about 10 s) ..."
	@$(COMPILE) --only-build-deps --build-deps-for editable --allow-unsafe --constraint requirements/dev.txt --output-file requirements/build.txt pyproject.toml
	@echo "Resolving what checks its conformance (about 20 s) ..."
	@$(COMPILE) --extra conformance --allow-unsafe --constraint requirements/run.txt --output-file requirements/conformance.txt pyproject.toml
	@echo "Resolving the clients that the tests run apart (about a minute) ..."
	@$(COMPILE) --allow-unsafe --output-file requirements/tap-bigcommerce.txt requirements/tap-bigcommerce.in
	@$(COMPILE) --allow-unsafe --output-file requirements/airbyte-cdk.txt requirements/airbyte-cdk.in

clean:  ## Remove everything that was built here, but keep the stores in ./bodega-data
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The editable install reads pyproject.toml, so a change of either file installs again; pip skips what is there already.
# Only wheels are taken: a package of which this machine has none needs a compiler and minutes, and is named instead. With
# `make dev WHEELS=` it is built.
WHEELS ?= --only-binary :all:
STEP = $(BIN)/python scripts/installing.py
LOCKED = $(BIN)/python -m pip install --progress-bar off $(WHEELS) --require-hashes
EDITABLE = $(STEP) "Installing Bodega itself" --usually "3 to 10 s" -- $(BIN)/python -m pip install -q --no-build-isolation --no-deps --editable .

$(RUNS): requirements/run.txt requirements/build.txt pyproject.toml | $(BIN)/python
	@$(STEP) "Installing what runs the server" --usually "10 to 40 s" --lock requirements/run.txt --lock requirements/build.txt \
		-- $(LOCKED) --requirement requirements/run.txt --requirement requirements/build.txt
	@$(EDITABLE)
	@touch $@

$(READY): requirements/dev.txt pyproject.toml | $(BIN)/python
	@$(STEP) "Installing what the tests and checks need" --usually "20 to 90 s" --lock requirements/dev.txt \
		-- $(LOCKED) --requirement requirements/dev.txt
	@$(EDITABLE)
	@touch $@ $(RUNS)

$(SITE): $(wildcard docs/*.* docs/*/*.md) scripts/docs_site.py src/bodega/site.py | $(READY)
	@echo "Building the site of the docs (about 5 s) ..."
	@$(BIN)/python scripts/docs_site.py

$(PEERS): bench/peers/package-lock.json
	@mkdir -p $(@D) && cp bench/peers/package*.json $(@D)
	@command -v npm >/dev/null || exit 0; \
		echo "Installing the other test doubles into $(@D) (about 30 s) ..." && \
		(cd $(@D) && npm ci --silent --no-audit --no-fund --ignore-scripts) && touch $@

$(CONFORMANCE)/.installed: requirements/conformance.txt pyproject.toml | $(BIN)/python
	@$(BIN)/python -m venv $(CONFORMANCE)
	@$(STEP) "Installing Schemathesis into $(CONFORMANCE)" --usually "20 to 60 s" --lock requirements/conformance.txt \
		-- $(CONFORMANCE)/bin/python -m pip install --progress-bar off --require-hashes --requirement requirements/conformance.txt
	@$(CONFORMANCE)/bin/python -m pip install -qq --no-build-isolation --no-deps --editable .
	@touch $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Bodega needs Python 3.11 or newer, and none was found: install it, or name it with PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c $(NEW_ENOUGH) || { echo "Bodega needs Python 3.11 or newer, and $(PYTHON) is older or missing." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments: install its venv package (python3-venv on Debian and Ubuntu)." >&2; exit 1; }
	@$(PYTHON) scripts/installing.py "Making a virtual environment in $(VENV)" --usually "5 to 15 s" -- $(PYTHON) -m venv $(VENV)

# Hashes without addresses: the locks serve any registry or mirror, and no machine's paths leak into them.
COMPILE = $(LOCKER)/bin/pip-compile --quiet --generate-hashes --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options $(value ARGS)

$(LOCKER): | $(BIN)/python
	@echo "Installing the resolver (about 10 s) ..."
	@$(BIN)/python -m venv $@ && $@/bin/python -m pip install -qq pip-tools==7.6.2 || { rm -rf $@; exit 1; }
