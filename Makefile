# Every target makes what it needs in .venv, from a bare machine with Python 3.11 to 3.13: `make help`.

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -c constraints.txt
PROJECT := setup.cfg pyproject.toml constraints.txt
FOLDERS := usg parsers pretrain downstream configs
TESTED := tests .typing/usg README.md docs --doctest-modules --doctest-glob='*.md'

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-peers lint format types ops cuda-compile wheel bench results-pretraining docs typing-tree

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

demo: $(VENV)/.with-train  ## the main job end to end on the embedded world; writes demo/report.html
	$(BIN)/usg demo

test: $(VENV)/.with-dev typing-tree  ## all tests and doctests, but those marked gpu, peers or slow
	$(BIN)/python -m pytest $(TESTED)

test-slow: $(VENV)/.with-dev  ## the tests too long for the suite
	$(BIN)/python -m pytest tests -m slow

# detectron2 and its torchvision never come into $(VENV); what packages of another environment warn of is not ours.
test-peers: $(if $(PEERS_PYTHON),,$(VENV)/.with-peers)  ## tests beside packages that are not required (torch-scatter; PEERS_PYTHON=... for detectron2)
	$(or $(PEERS_PYTHON),$(BIN)/python) -m pytest tests -m peers -W default

lint: $(VENV)/.with-lint  ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.with-lint  ## repairs what lint can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# mypy reads a package through its path only, so from the bare checkout it would pass having read usg/ alone. It counts a
# folder without __init__.py as a source file too, so those are taken off.
types: $(VENV)/.with-dev typing-tree  ## type check; fails when mypy read fewer files than exist
	@cd .typing && $(abspath $(BIN))/mypy --config-file ../setup.cfg --cache-dir ../.mypy_cache -p usg | tee mypy.log
	@counted=$$(sed -nE 's/.* ([0-9]+) source files?.*/\1/p' .typing/mypy.log); \
	exist=$$(find $(FOLDERS) -name '*.py' | wc -l); \
	bare=$$(find $(FOLDERS) -type d ! -name __pycache__ ! -path '*/.*' ! -exec test -e '{}/__init__.py' \; -print | wc -l); \
	read=$$((counted - bare)); \
	echo "mypy read $$read of the $$exist files in $(FOLDERS)"; \
	test "$$read" -ge "$$exist" || { echo "mypy did not read every file" >&2; exit 1; }

ops: $(VENV)/.with-train  ## compiles the kernels for this processor and its GPUs; first use does so too
	@$(BIN)/python usg/ops/build.py
	@$(BIN)/python -m usg.ops.build_cuda --here

cuda-compile: $(VENV)/.with-train  ## compiles the CUDA kernels for every target, warnings as errors; needs nvcc, no GPU
	@$(BIN)/python -m usg.ops.build_cuda

# What lies in build/lib would be carried by the next wheel too. The tag names the oldest glibc that has all that the
# libraries ask for; nothing of them knows of a torch or a Python.
wheel: $(VENV)/.with-dev  ## a wheel with the compiled CPU kernels, in dist/; CUDA=1 adds those for CUDA
	@rm -rf build/lib usg/ops/lib
	@trap 'rm -rf build/lib usg/ops/lib' EXIT; \
	$(BIN)/python usg/ops/build.py --package; \
	if [ "$(CUDA)" = 1 ]; then $(BIN)/python -m usg.ops.build_cuda --package; \
	else echo "without CUDA kernels; make wheel CUDA=1 adds them, with nvcc, in a quarter of an hour"; fi; \
	glibc=$$(grep -aohE 'GLIBC_2\.[0-9]+' usg/ops/lib/*.so | sort -uV | tail -1 | cut -d. -f2); \
	$(BIN)/python -m build --wheel "--config-setting=--build-option=--plat-name=manylinux_2_$${glibc}_$$(uname -m)"

bench: $(VENV)/.with-train  ## the speed tables
	@for kind in $$($(BIN)/usg ls benchmarks | cut -d ' ' -f 1); do echo "== usg bench $$kind"; $(BIN)/usg bench $$kind; done

results-pretraining: $(VENV)/.with-train  ## writes the tables of docs/results/pretraining.md from the records of runs
	$(BIN)/usg pretrain results docs/results/pretraining.md

docs: $(VENV)/.with-docs  ## checks links and examples of the guides, writes the API pages to build/docs
	$(BIN)/python -m pytest -q tests/test_docs.py README.md docs --doctest-glob='*.md'
	@mkdir -p build/docs
	cd build && $(abspath $(BIN))/pdoc --docformat google -o docs $$(sed -n '/^packages/,/^install_requires/s/^    //p' ../setup.cfg)

# The layout as installed, in links: what imports as usg.parsers lies in parsers/, and so on.
typing-tree:
	@rm -rf .typing && mkdir -p .typing/usg
	@cd .typing/usg && ln -s ../../usg/* . && rm -f __pycache__ && ln -s ../../parsers ../../pretrain ../../downstream ../../configs .

$(BIN)/python:
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)

# Stamps: what is installed in the environment.
$(VENV)/.with-lint: $(BIN)/python constraints.txt
	@echo "installing into $(VENV): ruff"
	@$(PIP) ruff
	@touch $@

$(VENV)/.with-train: $(BIN)/python $(PROJECT)
	@echo "installing into $(VENV): the library with what training needs"
	@$(PIP) -e '.[train]'
	@touch $@

$(VENV)/.with-dev: $(BIN)/python $(PROJECT)
	@echo "installing into $(VENV): the library with what training and the tests need"
	@$(PIP) -e '.[train,dev]'
	@touch $@

$(VENV)/.with-docs: $(VENV)/.with-dev
	@echo "installing into $(VENV): pdoc"
	@$(PIP) pdoc
	@touch $@

# torch-scatter compiles against the torch that is installed.
$(VENV)/.with-peers: $(VENV)/.with-dev
	@echo "installing into $(VENV): torch-scatter, which compiles for minutes"
	@$(PIP) setuptools wheel
	@$(PIP) --no-build-isolation torch-scatter
	@touch $@
