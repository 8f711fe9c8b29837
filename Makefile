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

.PHONY: setup demo test lint bench notebooks benchmark evidence figures
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
# COHORT=benchmark and `--plan full` are for a GPU.
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
	$(BIN)/mmseg-bone benchmark data/benchmark --plan full --results results/full --runs runs/full
	$(BIN)/mmseg-bone phantom cohort=hospital store=data/hospital workers=2
	$(BIN)/mmseg-bone benchmark data/hospital --plan hospital --results results/hospital --runs runs/hospital
	$(MAKE) evidence

# What else BENCHMARK.md shows: how real phantoms are, what image and report tell of them, what the
# text encoder knows, patients that no network and nobody has looked at, which words lesions were
# read from. The fourth cohort asks the networks of `benchmark`, where they were trained; the rest
# asks the model that ships.
evidence: setup
	for seed in 41 42 43 44 45; do \
	  $(BIN)/mmseg-bone phantom n=20 seed=$$seed cohort=few_lesions store=data/few-$$seed || exit 1; \
	  $(BIN)/mmseg-bone realism data/few-$$seed; done
	for store in benchmark/main quick/main quick/shifted_wording; do \
	  $(BIN)/mmseg-bone audit data/$$store || exit 1; done
	$(BIN)/mmseg-bone probe --n 3000 --seed 1000
	$(BIN)/mmseg-bone phantom cohort=quick seed=3 store=data/fourth workers=2
	for seed in 0 1 2; do \
	  many=runs/many/text_free_bones_many/seed-$$seed new=runs/fourth/free$$seed; \
	  test -e $$new || $(BIN)/mmseg-bone apply $$many --store data/fourth/main --out $$new || exit 1; \
	  for control in none empty shuffled side_flipped; do \
	    many=runs/many/text_fused_bones_words_many/seed-$$seed new=runs/fourth/new$${seed}_$$control; \
	    test -e $$new || $(BIN)/mmseg-bone apply $$many --store data/fourth/main --control $$control --out $$new || exit 1; \
	  done; \
	  for control in none empty shuffled; do \
	    full=runs/full/text_added_bones_words_full/seed-$$seed new=runs/fourth/full$${seed}_$$control; \
	    test -e $$new || $(BIN)/mmseg-bone apply $$full --store data/fourth/main --control $$control --out $$new || exit 1; \
	  done; done
	$(BIN)/mmseg-bone compare runs/fourth/* --baseline "text_free_bones_many, on store 2ba40c7c" --out runs/fourth-compared --overwrite
	$(BIN)/mmseg-bone phantom cohort=quick seed=5 store=data/sixth workers=2
	for control in none empty shuffled side_flipped; do \
	  new=runs/sixth/shipped_$$control; \
	  test -e $$new || $(BIN)/mmseg-bone apply shipped --store data/sixth/main --control $$control --out $$new || exit 1; \
	done
	$(BIN)/mmseg-bone compare runs/sixth/* --baseline "text_added_bones_peaks_full, on store 4960e118, empty" --out runs/sixth-compared --overwrite
	test -e runs/shipped_main || $(BIN)/mmseg-bone apply shipped --store data/benchmark/main --out runs/shipped_main
	$(BIN)/mmseg-bone ground mmseg_bone/shipped --store data/benchmark/main --first 20 --out runs/grounding --overwrite

# The pictures of BENCHMARK.md, from results/ alone.
QUICK = $(foreach row,free fused fused_film fused_atlas added_atlas fused_atlas_words added_atlas_words,results/benchmark/text_$(row)/seed-?)
FULL = $(foreach row,text_free text_free_bones text_added_bones_words text_added_bones_peaks,results/full/$(row)_full/seed-?)
figures: setup
	$(BIN)/mmseg-bone compare $(QUICK) --baseline text_free --out runs/compared --overwrite
	$(BIN)/mmseg-bone compare $(FULL) --baseline text_free_bones_full --out runs/full-compared --overwrite
	cp runs/compared/forest.png docs/benchmark_forest.png
	cp runs/full-compared/forest.png docs/benchmark_full_forest.png
	cp runs/full-compared/froc.png docs/benchmark_full_froc.png

# Some minutes: runs them all anew and keeps what they show.
notebooks: setup
	$(BIN)/python -m tests.notebooks
