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

.PHONY: setup demo test lint bench notebooks benchmark evidence phantoms shipped trained figures
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
	$(MAKE) evidence figures
	$(MAKE) bench OPTIONS=

# What else BENCHMARK.md shows. Scores that are in results/ are not made again: move them away to see
# that they are the same. `trained` asks the networks of `benchmark`, where they were trained; all
# the rest needs this folder only.
evidence: setup
	$(MAKE) phantoms shipped trained

# How real phantoms are, what image and report tell of them, what the text encoder knows.
phantoms: setup
	for seed in 41 42 43 44 45; do \
	  $(BIN)/mmseg-bone phantom n=20 seed=$$seed cohort=few_lesions store=data/few-$$seed || exit 1; \
	  $(BIN)/mmseg-bone realism data/few-$$seed; done
	$(BIN)/mmseg-bone phantom n=20 seed=41 cohort=open store=data/open-41
	-$(BIN)/mmseg-bone realism data/open-41
	$(BIN)/mmseg-bone phantom cohort=quick store=data/quick workers=2
	$(BIN)/mmseg-bone phantom cohort=benchmark store=data/benchmark workers=2
	for store in benchmark/main quick/main quick/shifted_wording; do \
	  $(BIN)/mmseg-bone audit data/$$store || exit 1; done
	$(BIN)/python -m tests.imaging.acceptance 200 440
	$(BIN)/mmseg-bone probe --n 3000 --seed 1000
	test -e runs/kmeans || $(BIN)/mmseg-bone baseline kmeans --store data/quick/main --fold 0 \
	  --clusters 4 --clusters 6 --clusters 8 --no-bladder --out runs/kmeans
	$(BIN)/mmseg-bone evaluate runs/kmeans --smallest-mm2 70

# The model that ships, and those that shipped before it, on patients that nobody had looked at.
# $(call scores,RESULT,RUN,STORE,CONTROL): the scores of a network, once.
scores = { test -e results/$(1) || $(BIN)/mmseg-bone apply $(2) --store data/$(3)/main \
  --control $(4) --only-scores --out results/$(1) || exit 1; }
CONTROLS = none empty shuffled side_flipped
shipped: setup runs/before/364e3b5 runs/before/ae8a90e runs/before/23c2d35
	$(BIN)/mmseg-bone phantom cohort=benchmark store=data/benchmark workers=2
	$(BIN)/mmseg-bone phantom cohort=quick seed=3 store=data/fourth workers=2
	$(BIN)/mmseg-bone phantom cohort=quick seed=4 store=data/fifth workers=2
	$(BIN)/mmseg-bone phantom cohort=quick seed=5 store=data/sixth workers=2
	$(BIN)/mmseg-bone phantom cohort=quick seed=6 store=data/seventh workers=2
	for control in none empty shuffled; do \
	  $(call scores,fourth/wary_$$control,runs/before/364e3b5,fourth,$$control); done
	for control in $(CONTROLS); do \
	  $(call scores,fifth/words_full_$$control,runs/before/ae8a90e,fifth,$$control); \
	  $(call scores,sixth/peaks_full_$$control,runs/before/23c2d35,sixth,$$control); \
	  $(call scores,seventh/kept_full_$$control,shipped,seventh,$$control); done
	$(BIN)/mmseg-bone compare results/fifth/* --baseline "text_added_bones_words_full, on store 364a416e, empty" --out runs/fifth-compared --overwrite
	$(BIN)/mmseg-bone compare results/sixth/* --baseline "text_added_bones_peaks_full, on store 4960e118, empty" --out runs/sixth-compared --overwrite
	$(BIN)/mmseg-bone compare results/seventh/* --baseline "text_kept_bones_peaks_full, on store 32944733, empty" --out runs/seventh-compared --overwrite
	test -e runs/seventh_shipped || $(BIN)/mmseg-bone apply shipped --store data/seventh/main --out runs/seventh_shipped
	$(BIN)/mmseg-bone evaluate runs/seventh_shipped --store data/seventh/main --repairs
	test -e runs/shipped_main || $(BIN)/mmseg-bone apply shipped --store data/benchmark/main --only-scores --out runs/shipped_main
	for model in shipped runs/before/23c2d35 runs/before/ae8a90e; do \
	  $(BIN)/mmseg-bone ground $$model --store data/benchmark/main --first 20 --out runs/grounding --overwrite || exit 1; done

# Models as they shipped at a commit.
runs/before/%:
	mkdir -p $@
	git archive $* mmseg_bone/shipped | tar x -C $@ --strip-components=2

# Networks of `benchmark` on the fourth cohort, how well they name bones, what they read.
READERS = text_fused text_fused_atlas text_added_atlas text_fused_atlas_words text_added_atlas_words \
  text_added_atlas_words_long text_fused_bones_words_wary
trained: setup
	for seed in 0 1 2; do \
	  $(call scores,fourth/free$$seed,runs/many/text_free_bones_many/seed-$$seed,fourth,none); \
	  for control in $(CONTROLS); do \
	    $(call scores,fourth/words_many$${seed}_$$control,runs/many/text_fused_bones_words_many/seed-$$seed,fourth,$$control); done; \
	  for control in none empty shuffled; do \
	    $(call scores,fourth/words_full$${seed}_$$control,runs/full/text_added_bones_words_full/seed-$$seed,fourth,$$control); done; \
	done
	$(BIN)/mmseg-bone compare results/fourth/* --baseline "text_free_bones_many, on store 2ba40c7c" --out runs/fourth-compared --overwrite
	for row in bones atlas; do \
	  $(BIN)/python -m tests.models.naming runs/full/text_added_$${row}_peaks_full/seed-0 data/benchmark/main 30 || exit 1; done
	for row in $(READERS); do \
	  $(BIN)/mmseg-bone ground runs/benchmark/$$row/seed-0 --store data/quick/main --first 20 --out runs/grounding-$$row --overwrite || exit 1; done
	$(BIN)/mmseg-bone ground runs/many/text_fused_bones_words_many/seed-2 --store data/benchmark/main --first 20 --out runs/grounding-many --overwrite

# The pictures of BENCHMARK.md, from results/ alone.
QUICK = $(foreach row,free fused fused_film fused_atlas added_atlas fused_atlas_words added_atlas_words,results/benchmark/text_$(row)/seed-?)
FULL = $(foreach row,text_free text_free_bones text_added_bones_words text_added_bones_peaks text_kept_bones_peaks,results/full/$(row)_full/seed-?)
figures: setup
	$(BIN)/mmseg-bone compare $(QUICK) --baseline text_free --out runs/compared --overwrite
	$(BIN)/mmseg-bone compare $(FULL) --baseline text_free_bones_full --out runs/full-compared --overwrite
	cp runs/compared/forest.png docs/benchmark_forest.png
	cp runs/full-compared/forest.png docs/benchmark_full_forest.png
	cp runs/full-compared/froc.png docs/benchmark_full_froc.png

# Some minutes: runs them all anew and keeps what they show.
notebooks: setup
	$(BIN)/python -m tests.notebooks
