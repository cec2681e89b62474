# Every target makes what it needs: a virtual environment from the constraints file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST_WORKERS ?= auto

.PHONY: demo test test-portable test-peers bench bench-quick docs lint format clean

$(STAMP): pyproject.toml constraints.txt hatch_build.py $(wildcard src/nissl/locale/*/LC_MESSAGES/*.po)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Nissl needs Python 3.11 or later; choose one with: make PYTHON=python3.12 ..."; exit 1; }
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing Nissl and what it needs into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP)  ## train the lecture's network on Fashion-MNIST, and show the pictures
	@$(BIN)/nissl train fashion-mnist --run demo-run --seed 42

test: $(STAMP)  ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS)

test-portable: $(STAMP)  ## run the numerical tests as other processors and systems compute
	PYTEST_WORKERS=$(PYTEST_WORKERS) $(BIN)/python tests/portable.py $(VARIANTS)

test-peers:  ## compare with Keras and PyTorch, in an environment of their own
	$(PYTHON) -m benchmarks.environments peers
	.venv-bench/peers/bin/python -m pytest -m peers tests/peers

bench:  ## measure against the peers, each in an environment of its own
	$(PYTHON) -m benchmarks

bench-quick:
	$(PYTHON) -m benchmarks --quick

docs: $(STAMP)  ## draw the pictures of the documentation
	$(BIN)/python docs/make_pictures.py

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-bench .venv-portable build dist demo-run
