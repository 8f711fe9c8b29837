# Two commands: `make demo` and `make test`. Both set up `.venv` first, once.
# PIP_FLAGS: anything pip should be told besides, such as an index with CPU-only torch.
# CORES: of how many the tests make use; each takes up to 2 GiB.
PYTHON ?= python3.11
PIP_FLAGS ?=
CORES ?= 2
BIN := .venv/bin
READY := .venv/.ready

# Offline and quiet, whatever the shell says; see the names in mmseg_bone/cli/__init__.py.
export NO_ALBUMENTATIONS_UPDATE := 1
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false
export OMP_WAIT_POLICY := PASSIVE

.PHONY: setup demo test lint bench notebooks benchmark
setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(PIP_FLAGS) -e ".[dev,gpl-decoders,sweep]"
	@touch $@

demo: setup
	@$(BIN)/mmseg-bone demo

test: setup
	$(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_layers.py

bench: setup
	$(BIN)/mmseg-bone bench $(OPTIONS)

# Long: days of a CPU. It goes on where it was left, and skips what is in results/ already;
# COHORT=benchmark is for a GPU.
# OPTIONS: anything the first `mmseg-bone benchmark` should be told, such as OPTIONS="--only text".
COHORT ?= quick
OPTIONS ?=
benchmark: setup
	$(BIN)/mmseg-bone phantom cohort=$(COHORT) store=data/$(COHORT) workers=2
	$(BIN)/mmseg-bone benchmark data/$(COHORT) $(OPTIONS)
	$(BIN)/mmseg-bone phantom cohort=two_spots store=data/two_spots workers=2
	$(BIN)/mmseg-bone benchmark data/two_spots --plan two_spots --results results/two_spots --runs runs/two_spots
	$(BIN)/mmseg-bone phantom cohort=benchmark store=data/benchmark workers=2
	$(BIN)/mmseg-bone benchmark data/benchmark --plan many --results results/many --runs runs/many
	$(BIN)/mmseg-bone phantom cohort=hospital store=data/hospital workers=2
	$(BIN)/mmseg-bone benchmark data/hospital --plan hospital --results results/hospital --runs runs/hospital

# Some minutes: runs them all anew and keeps what they show.
notebooks: setup
	$(BIN)/python -m tests.notebooks
