# Two commands on a fresh machine: `make demo` and `make test`. `make help` lists the rest.

# cpu, cuda12 or cuda13. Left empty, the .venv keeps what it was made for (a new one: cpu).
ACCELERATOR ?=
# The URL of an index of CPU builds of torch, where the registry's own is a CUDA build of several GB.
TORCH_INDEX ?=
# The interpreter that makes .venv; left empty, the first Python of 3.11 or newer that is found.
PYTHON ?=
# Where the demo and the benchmark take their sizes from: smoke, small or paper.
SCALE ?= small
# More arguments for pytest, such as PYTEST="-x tests/synth" (default runs are spread over WORKERS).
PYTEST ?=
WORKERS ?= logical
# More arguments for data-...: DATA="--accept-licence", "--rates 16000", "--mirror URL", ...
DATA ?=
# LAUNCH=1 runs what a table lacks before it is built; WITH="paths.weights=FOLDER device=gpu" holds for
# all of its runs.
LAUNCH ?=
WITH ?=

VENV := .venv
RUN := $(VENV)/bin/python
SETUP = sh scripts/setup/setup.sh --accelerator "$(ACCELERATOR)" --torch-index "$(TORCH_INDEX)" --python "$(PYTHON)"
DEMO = $(RUN) -m scripts.run experiment=ctag/demo scale=$(SCALE)
PAGE := outputs/demo/index.html
TABLE = --scale $(SCALE) $(if $(LAUNCH),--run) $(if $(WITH),--with $(WITH))

.DEFAULT_GOAL := help
.PHONY: help setup setup-bench demo test test-smoke test-browser test-shared test-slow test-long test-bench test-all lint style types layers format bench bench-descriptors clean data-esc50 data-fsd50k data-nsynth data-crema-d data-vocal-imitation data-libricount data-us8k data-vivae data-vggsound data-clap
.PHONY: ctag-table1 ctag-table2 ctag-table3 ctag-table4 ctag-table5 ctag-table6 ctag-table7 ctag-table8 ctag-table9 ctag-figure5 ctag-figure7 ctag-figure8 ctag-figure9 ctag-figure10
.PHONY: doppel-budget doppel-table10 doppel-table11 doppel-table12 doppel-figure11 doppel-figure12 doppel-figure13 doppel-figure14 doppel-figure15 doppel-figure16 doppel-augmentation eval-probes eval-distances eval-findings synthax-figure2 synthax-figure3 report

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9%-]*:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  variables: ACCELERATOR=cpu|cuda12|cuda13  TORCH_INDEX=url  PYTHON=path  SCALE=smoke|small|paper\n'
	@printf '             PYTEST="arguments"  WORKERS=logical|0|n  DATA="arguments"\n'
	@printf '             LAUNCH=1 (run what a table lacks)  WITH="key=value ..." (for its runs)\n'

setup: ## Make .venv from the exact pins; does nothing when nothing changed
	@$(SETUP)

setup-bench: setup ## Add the peers that ours is compared with
	@$(SETUP) --peers

# A run that is done is skipped; where its page was deleted since, it is run again.
demo: setup ## Search sounds for words and build the page outputs/demo/index.html
	@$(DEMO)
	@test -f $(PAGE) || $(DEMO) rerun=true
	@printf '\nOpen this page in a browser:\n%s\n' "$(CURDIR)/$(PAGE)"

# A worker a core, and one thread of linear algebra a worker: more wait for each other.
ONE_THREAD = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

test: setup ## The default test run
	$(ONE_THREAD) $(RUN) -m pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile $(PYTEST)

test-smoke: setup ## Every experiment at scale=smoke
	$(RUN) -m pytest -m smoke $(PYTEST)

test-browser: setup ## Pages in a headless Chromium (Debian: chromium and chromium-driver)
	$(RUN) -m pytest -m browser $(PYTEST)

test-shared: setup ## Checks against the reference data in ../shared
	$(RUN) -m pytest -m shared $(PYTEST)

test-slow: setup ## Tests of more than about 20 s
	$(RUN) -m pytest -m slow $(PYTEST)

test-long: setup-bench ## Tests of ten minutes and more
	$(RUN) -m pytest -m long $(PYTEST)

test-bench: setup-bench ## Comparisons with torchsynth, SynthAX and other peers
	$(RUN) -m pytest -m bench $(PYTEST)

test-all: setup-bench test ## All of them, one after the other
	$(RUN) -m pytest -m "smoke or browser or bench or shared or slow or long" $(PYTEST)

lint: style types layers ## All three checks of the source

style: setup ## Lint with ruff
	$(RUN) -m ruff check .

types: setup-bench ## Type check with pyright; the peers' types are read too
	$(RUN) -m pyright

layers: setup ## Check the direction of imports
	$(VENV)/bin/lint-imports --no-logo

format: setup ## Let ruff repair what it can
	$(RUN) -m ruff check --fix .

bench: setup-bench ## The speed of the synthesizer beside its peers
	$(RUN) -m scripts.run experiment=synth/speed scale=$(SCALE)

bench-descriptors: setup ## The time of descriptors beside librosa's for the like
	$(RUN) -m eval.descriptors.bench

data-esc50: setup ## Download and prepare ESC-50 (CC BY-NC 3.0)
	$(RUN) -m scripts.data esc50 $(DATA)

data-fsd50k: setup ## Download and prepare FSD50K (clips under several licences)
	$(RUN) -m scripts.data fsd50k $(DATA)

data-nsynth: setup ## Download NSynth and prepare its 5 hours of pitch (CC BY 4.0)
	$(RUN) -m scripts.data nsynth_pitch_5h $(DATA)

data-crema-d: setup ## Download and prepare CREMA-D (ODbL 1.0)
	$(RUN) -m scripts.data crema_d $(DATA)

data-vocal-imitation: setup ## Download and prepare the Vocal Imitation Set (CC BY 4.0)
	$(RUN) -m scripts.data vocal_imitation $(DATA)

data-libricount: setup ## Download and prepare LibriCount (CC BY 4.0)
	$(RUN) -m scripts.data libricount $(DATA)

data-us8k: setup ## Download and prepare UrbanSound8K (CC BY-NC)
	$(RUN) -m scripts.data us8k $(DATA)

data-vivae: setup ## Download and prepare VIVAE (not for commercial use)
	$(RUN) -m scripts.data vivae $(DATA)

weights-%: setup ## Fetch weights: yamnet vggish ast vggsound laion-clap hf-clap ...
	$(RUN) -m scripts.weights $*

data-vggsound: setup ## Fetch 100,000 clips of VGGSound by yt-dlp and ffmpeg (YouTube's terms)
	$(RUN) -m scripts.data vggsound $(DATA)

data-clap: setup ## Fetch LAION's CLAP, checkpoint and tokenizer (1.9 GB)
	$(RUN) -m scripts.weights laion-clap roberta

# Tables and figures are built from what has been run; the rest is marked "not run".
ctag-table1: setup ## Thesis Table 1 (CTAG 1): descriptors and MP3 ratio
	@$(RUN) -m scripts.tables ctag-table1 $(TABLE)

ctag-table2: setup ## Thesis Table 2 (CTAG 2): what classifiers hear
	@$(RUN) -m scripts.tables ctag-table2 $(TABLE)

ctag-table3: setup ## Thesis Table 3 (CTAG 3): the listening test
	@$(RUN) -m scripts.tables ctag-table3 $(TABLE)

ctag-table4: setup ## Thesis Table 4 (CTAG): seconds of a search
	@$(RUN) -m scripts.tables ctag-table4 $(TABLE)

ctag-table5: setup ## Thesis Table 5 (CTAG): CLAP scores
	@$(RUN) -m scripts.tables ctag-table5 $(TABLE)

ctag-table6: setup ## Thesis Table 6 (CTAG): what classifiers hear, by style
	@$(RUN) -m scripts.tables ctag-table6 $(TABLE)

ctag-table7: setup ## Thesis Table 7 (CTAG): contrasts of accuracy
	@$(RUN) -m scripts.tables ctag-table7 $(TABLE)

ctag-table8: setup ## Thesis Table 8 (CTAG): contrasts of confidence
	@$(RUN) -m scripts.tables ctag-table8 $(TABLE)

ctag-table9: setup ## Thesis Table 9 (CTAG): contrasts of interpretation
	@$(RUN) -m scripts.tables ctag-table9 $(TABLE)

ctag-figure5: setup ## Thesis Figure 5 (CTAG 5): spectrograms
	@$(RUN) -m scripts.run experiment=ctag/figure5 scale=$(SCALE) $(WITH)

ctag-figure7: setup ## Thesis Figure 7 (CTAG): strategies, durations, synthesizers
	@$(RUN) -m scripts.tables ctag-figure7a ctag-figure7b ctag-figure7c $(TABLE)

ctag-figure8: setup ## Thesis Figure 8 (CTAG 8): sounds between two prompts
	@$(RUN) -m scripts.run experiment=ctag/interpolate scale=$(SCALE) $(WITH)

ctag-figure9: setup ## Thesis Figure 9 (CTAG): accuracy by prompt
	@$(RUN) -m scripts.tables ctag-figure9 $(TABLE)

ctag-figure10: setup ## Thesis Figure 10 (CTAG 10): a map of parameters
	@$(RUN) -m scripts.run experiment=ctag/umap scale=$(SCALE) $(WITH)

doppel-table10: setup ## Thesis Table 10 (paper 1): linear probes on eight tasks
	@$(RUN) -m scripts.tables doppel-table10 $(TABLE)

doppel-table11: setup ## Thesis Table 11 (paper 2): Frechet audio distances to tasks
	@$(RUN) -m scripts.tables doppel-table11 $(TABLE)

doppel-table12: setup ## Thesis Table 12 (paper 3): linear probes, every model
	@$(RUN) -m scripts.tables doppel-table12 $(TABLE)

doppel-budget: setup ## What minutes of pretraining teach, probed on the recordings beside the repository
	@$(RUN) -m scripts.tables doppel-budget doppel-budget-losses $(TABLE)

doppel-figure11: setup ## Thesis Figure 11 (paper 1): augmentations beside doppelgangers
	@$(RUN) -m scripts.run experiment=doppel/figure11 scale=$(SCALE) $(WITH)

doppel-figure12: setup ## Thesis Figure 12 (paper 2): similarity of pairs against delta
	@$(RUN) -m scripts.tables doppel-figure12 $(TABLE)

doppel-figure13: setup ## Thesis Figure 13 (paper 3): descriptors and causal uncertainty
	@$(RUN) -m scripts.tables doppel-figure13a doppel-figure13b $(TABLE)

doppel-figure14: setup ## Thesis Figure 14 (paper 4): probes by delta, with and without augmentation
	@$(RUN) -m scripts.tables doppel-figure14 $(TABLE)

doppel-figure15: setup ## Thesis Figure 15 (paper 5): probes by synthesizer
	@$(RUN) -m scripts.tables doppel-figure15 $(TABLE)

doppel-figure16: setup ## Thesis Figure 16 (paper 6): alignment and uniformity by delta
	@$(RUN) -m scripts.tables doppel-figure16 $(TABLE)

doppel-augmentation: setup ## SpecAugment against the chain of effects
	@$(RUN) -m scripts.tables doppel-augmentation $(TABLE)

eval-probes: setup ## Linear probes of recordings and synthetic tasks that are here
	@$(RUN) -m scripts.tables eval-probes $(TABLE)

eval-distances: setup ## FAD and KAD of sounds to recordings that are here
	@$(RUN) -m scripts.tables eval-fad eval-kad $(TABLE)

eval-findings: setup ## Do the papers' findings hold in our runs?
	@$(RUN) -m scripts.tables eval-findings $(TABLE)

synthax-figure2: setup ## Thesis Figure 2 (SynthAX 2): speed by batch size
	@$(RUN) -m scripts.tables synthax-figure2 $(TABLE)

synthax-figure3: setup ## Thesis Figure 3 (SynthAX 3): speed-up over the peers
	@$(RUN) -m scripts.tables synthax-figure3 $(TABLE)

report: setup ## One page of everything that was run: outputs/report/index.html
	@$(RUN) -m scripts.report

clean: ## Remove .venv and caches; outputs/ stays
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
