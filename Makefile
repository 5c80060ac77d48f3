# Every task of the project; `make help` lists them. A bare machine needs only make, bash and Python 3.11 to 3.13 with venv.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
SEEDS ?= 2000
PROOF_SEEDS ?= 50000
# pytest's own arguments, e.g. `make test ARGS="-k undo -x"`.
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
READY := $(VENV)/.ready
GENERATED := docs/schemas docs/cli.md docs/spec/states.md crds charts

# "Collecting name==version" lines become progress; everything else that pip says goes to the log of the installation.
PIP := PYTHONUNBUFFERED=1 $(PY) -m pip --no-input install --progress-bar off
SHORTLY := awk '/^Collecting/ {print "    " $$2; fflush()}'
INSTALL = set -o pipefail; $(PIP) $(1) 2>&1 | tee -a $(VENV)/install.log | $(SHORTLY) \
	|| { tail -n 30 $(VENV)/install.log; echo "installation failed; all of it: $(VENV)/install.log" >&2; exit 1; }
SAY := say() { printf '==> %s  %s\n' "$$(date +%T)" "$$*"; }; say

.PHONY: help try test check lint cluster-up cluster-operator cluster-down kustomize bench proof dst mutation generate requirements dev lock clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

try: $(READY) ## Play an example to its end on this machine
	@$(PY) -m controller try

test: $(READY) ## Run all tests
	@$(BIN)/pytest -n 3 --dist loadfile $(ARGS)

check: lint ## Everything that a change must pass: format, lint, types, layers, generated files, tests
	@$(SAY) "tests"
	@$(MAKE) --no-print-directory test

lint: $(READY) ## The gate without the tests
	@$(SAY) "format"
	@$(BIN)/ruff format --check
	@$(SAY) "lint"
	@$(BIN)/ruff check
	@$(SAY) "types"
	@$(BIN)/mypy
	@$(SAY) "layers"
	@$(BIN)/lint-imports --no-logo 2>&1
	@$(SAY) "generated files"
	@$(MAKE) --no-print-directory generate
	@git diff --exit-code -- $(GENERATED) \
		|| { echo "generated files were not current: look at the difference and add it" >&2; exit 1; }
	@new=$$(git ls-files --others --exclude-standard -- $(GENERATED)); \
		test -z "$$new" || { printf 'generated, but not in Git:\n%s\n' "$$new" >&2; exit 1; }

cluster-up: $(READY) ## Start a Kubernetes on this machine: make cluster-up [NODE=process|real]; prints its kubeconfig
	@$(PY) -m tests.cluster up --definitions $(if $(NODE),--node $(NODE))

cluster-operator: $(READY) ## An operator for it in this terminal, until Ctrl-C
	@$(PY) -m tests.cluster operator

cluster-down: $(READY) ## End it
	@$(PY) -m tests.cluster down

bench: $(READY) ## Measure, as ratios within one run
	@$(PY) -m tests.bench

dst: $(READY) ## Simulate with faults: make dst SEEDS=2000
	@$(PY) -m tests.dst --seeds $(SEEDS)

mutation: $(READY) ## Change the engine on purpose and count what the tests notice
	@$(PY) -m tools.mutation

proof: $(READY) ## The long proofs that do not fit into CI; says when they last ran
	@$(PY) -m tools.proof --seeds $(PROOF_SEEDS)

generate: $(READY) ## Write every generated file anew
	@$(PY) -m tools.generate

kustomize: $(READY) ## Render the bases for kustomize from the charts (needs helm)
	@$(PY) -m tests.cluster.kustomize

requirements: $(READY) ## List the requirements that no test proves
	@$(PY) -m tools.requirements

dev: $(READY) ## Make the environment
	@echo "ready: $(BIN)/libretto, or activate $(BIN)/activate"

# The environment is new when the locks are; the entry points are new when pyproject.toml is.
$(VENV)/.locked: requirements/runtime.txt requirements/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "no $(PYTHON) here: install Python 3.11 to 3.13, or name it: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "Libretto needs Python 3.11 to 3.13, but $(PYTHON) is $$($(PYTHON) -V 2>&1); name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(SAY) "making $(VENV) with $$($(PYTHON) -V)"
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "the venv module is missing or broken; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@: > $(VENV)/install.log
	@$(SAY) "installing $$(grep -c == requirements/dev.txt) locked packages (once; a minute or two)"
	@$(call INSTALL,--require-hashes --only-binary :all: -r requirements/dev.txt)
	@touch $@

$(READY): $(VENV)/.locked pyproject.toml
	@$(SAY) "installing Libretto itself, editable"
	@$(call INSTALL,--no-deps --no-build-isolation -e .)
	@touch $@

LOCK = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-build --no-header \
	--annotation-style line --quiet $(if $(UPGRADE),--upgrade)

lock: $(READY) ## Resolve the dependencies again: make lock [UPGRADE=1]
	@test ! -f requirements/lock.txt || { $(call INSTALL,--require-hashes --only-binary :all: -r requirements/lock.txt); }
	@$(SAY) "runtime"
	@$(LOCK) pyproject.toml -o requirements/runtime.txt
	@$(SAY) "dev"
	@$(SAY) "operator (what the image holds)"
	@$(LOCK) pyproject.toml --extra operator --extra otel -c requirements/runtime.txt -o requirements/operator.txt
	@$(SAY) "dev (all extras, and the tools)"
	@$(LOCK) pyproject.toml --all-extras --group dev -c requirements/operator.txt -o requirements/dev.txt
	@$(SAY) "lock"
	@$(LOCK) --group lock -o requirements/lock.txt
	@! grep -nE '://|--(index|extra|find)' requirements/*.txt || { echo "a lock names an address" >&2; exit 1; }

clean: ## Remove everything that is not in Git, but not the state of runs
	rm -rf $(VENV) build dist mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache htmlcov .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
