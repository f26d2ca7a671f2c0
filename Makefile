# Everything a person needs:  make demo · make test · make check
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check
SKIP    = 3
export PORT

.DEFAULT_GOAL := help
.PHONY: help demo test test-postgres load check chaos format lock screenshots bench

help:                             ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.installed          ## the whole desk with demo agents and people, on http://127.0.0.1:8000/ (PORT=…)
	@exec $(BIN)/python manage.py demo

test: $(VENV)/.installed-test     ## every test, then those that meet a database again on PostgreSQL; ARGS="-k inbox" for some
	@$(BIN)/python -m tests.need_browser
	$(BIN)/python -m pytest $(ARGS)
	@$(BIN)/python -m tests.need_postgres; found=$$?; \
	if [ $$found -eq 0 ]; then $(MAKE) --no-print-directory test-postgres; else [ $$found -eq $(SKIP) ]; fi

test-postgres: $(VENV)/.installed-test
	TEST_STACK=postgres $(BIN)/python -m pytest -m services $(ARGS)

load: $(VENV)/.installed-test     ## fifty runs on one worker process, timed against one run; give it a machine for itself
	$(BIN)/python -m pytest -m load -s
	TEST_STACK=postgres $(BIN)/python -m pytest -m load -s

check: $(VENV)/.installed-test    ## format, lint, floors, types, templates, migrations, vendored files; then the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --check --quiet
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m hitl_site.vendor --check
	@$(MAKE) --no-print-directory test

chaos: $(VENV)/.installed-test    ## kill every process at random under load, on both stacks; ARGS="--runs 500 --kills 100 --seed 1"
	$(BIN)/python -m tests.chaos --stack embedded $(ARGS)
	$(BIN)/python -m tests.chaos --stack postgres $(ARGS)

format: $(VENV)/.installed-test   ## let the formatters have their way
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djlint templates --reformat --quiet

screenshots: $(VENV)/.installed-test  ## draw the pictures in docs/images anew, from the demo agents in Chromium
	$(BIN)/python -m pytest -p no:randomly tests/browser/screenshots.py

# The environment --------------------------------------------------------------------------------------------------
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is %s. Try: make PYTHON=python3.12 …" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

# A stamp is a copy of the lock that was installed: a lock that is only younger, as after a change of branch, asks for nothing.
$(VENV)/.installed: requirements.lock | $(BIN)/python
	@cmp -s $< $@ || { echo "installing $<"; $(PIP) install -q --require-hashes -r $< && cp $< $@; }
	@touch $@

$(VENV)/.installed-test: requirements-test.lock | $(BIN)/python
	@cmp -s $< $@ || { echo "installing $<"; $(PIP) install -q --require-hashes -r $< && cp $< $@ && cp requirements.lock $(VENV)/.installed; }
	@touch $@

LOCK = $(VENV)/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
       --no-emit-index-url --no-annotate --no-header --quiet
lock: | $(BIN)/python             ## choose the newest versions that pyproject.toml allows and write the locks
	@test -x $(VENV)/lock/bin/uv || { $(BIN)/python -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install -q uv; }
	@rm -f requirements.lock requirements-test.lock benchmarks/requirements.lock
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra test --constraint requirements.lock --output-file requirements-test.lock
	$(subst pyproject.toml,benchmarks/requirements.txt,$(LOCK)) --constraint requirements.lock \
	  --output-file benchmarks/requirements.lock

# The benchmarks: what they compare Foureyes with lives in an environment of its own -------------------------------
PEERS = benchmarks/.venv
bench: $(VENV)/.installed-test $(PEERS)/.installed  ## what an approval costs beside others, in minutes; ARGS=cycle for one
	$(BIN)/python -m benchmarks $(ARGS)

$(PEERS)/.installed: benchmarks/requirements.lock
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check install -q --require-hashes -r benchmarks/requirements.lock \
	&& touch $@ || echo "The peers cannot be installed here: what compares with them will say 'not measured'."
