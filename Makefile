# Everything a person needs:  make demo · make test · make check
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
BIN     = $(VENV)/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check
export PORT

.DEFAULT_GOAL := help
.PHONY: help demo test check format lock clean

help:                             ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.installed          ## the whole desk with demo agents and people, on http://127.0.0.1:8000/ (PORT=…)
	@exec $(BIN)/python manage.py demo

test: $(VENV)/.installed-test     ## every test; ARGS="-k inbox" for some of them
	@exec $(BIN)/python -m pytest $(ARGS)

# The environment --------------------------------------------------------------------------------------------------
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed, this is %s. Try: make PYTHON=python3.12 …" % sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.installed-test: requirements-test.lock | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements-test.lock
	@touch $@ $(VENV)/.installed

LOCK = $(VENV)/lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
       --no-emit-index-url --no-annotate --no-header --quiet
lock: | $(BIN)/python             ## choose the newest versions that pyproject.toml allows and write both locks
	@test -x $(VENV)/lock/bin/uv || { $(BIN)/python -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install -q uv; }
	@rm -f requirements.lock requirements-test.lock
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra test --constraint requirements.lock --output-file requirements-test.lock
