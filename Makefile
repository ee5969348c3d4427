# Everything a person or CI does; `make help` lists it. The two that matter on a new machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
WORLD ?=
# The environment remembers the lock it was made from: later targets keep to it, and another LOCK= makes it anew.
INSTALLED := $(shell cat $(VENV)/installed 2>/dev/null)
LOCK ?= $(or $(INSTALLED),requirements-dev.lock)
# A worker that is done takes tests from the one that is not: the longest take half a minute.
PYTEST = $(BIN)/pytest -n 2 --dist worksteal
UV_INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help demo test test-extras test-dates test-mutants hardship coverage lint format up install oauth-server telegram-server axe lyrics words ears audio mcp workers lock sbom \
	audit bench clean

help:                    ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: install            ## the whole pipeline on the embedded sandbox; WORLD=FOLDER for a world of your own, PORT=NUMBER
	@$(BIN)/spotify-ai demo $(if $(WORLD),--world $(WORLD)) $(if $(PORT),--port $(PORT))

test: install            ## all tests: offline, no account
	@$(PYTEST)

EXTRA_TESTS := encoders defs/features clients/services/test_lyrics_and_previews.py

test-extras: lyrics ears audio   ## the tests of lyrics, ears, sound and CLAP with what they need; `make test` runs them where that is there
	@$(PYTEST) -rs $(addprefix spotify_ai_pipeline_tests/,$(EXTRA_TESTS))

test-mutants: install    ## 2,000 changed answers of each service, through the real clients
	@SPOTIFY_AI_MUTANTS=2000 $(PYTEST) spotify_ai_pipeline_tests/clients/test_mutants.py

coverage: install        ## all tests, then the lines that none of them ran, by file
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered

# The ends of a month, a quarter and a year; 29 February; two minutes before a clock change and before midnight, UTC and local.
DATES := 2026-04-30T10:00Z 2026-06-30T10:00Z 2026-12-31T10:00Z 2028-02-29T10:00Z 2026-03-29T00:58Z 2026-10-25T00:58Z \
	2026-05-13T23:58Z 2026-07-10T23:58+02:00

test-dates: install      ## all tests on each of the days when calendars turn, on a machine in Berlin
	@for date in $(DATES); do echo "$$date"; TZ=Europe/Berlin SPOTIFY_AI_TEST_DATE=$$date $(PYTEST) || exit 1; done

HARDSHIP := storage/test_damage.py storage/test_restoring.py storage/test_home_files.py laws/test_power_cuts.py laws/test_kills.py \
	laws/test_crowd.py laws/test_killed_writes.py laws/test_local_servers.py laws/test_secrets.py laws/test_survival.py interfaces/cli/test_ending.py \
	interfaces/cli/test_keeping.py app/playlist/test_chaos.py clients/ingest/test_chaos.py

hardship: install        ## kills, power cuts, damage, crowds and foreign pages, each at every place: the table in docs/operation.md
	@SPOTIFY_AI_TEST_HARD=1 $(PYTEST) -rP $(addprefix spotify_ai_pipeline_tests/,$(HARDSHIP))

lint: install            ## format, lint, types, the floors of the house and what it depends on
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/deptry .
	@SPOTIFY_AI_DATA=$(CURDIR)/$(VENV)/dg SPOTIFY_AI_DAGSTER_STORAGE=$(CURDIR)/$(VENV)/dg/dagster $(BIN)/dg check defs

format: install          ## put format and order of imports right
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install           ## how long ranking, training, the index of songs and imports take, and how they grow
	@$(BIN)/python bench/refresh.py
	@$(BIN)/python bench/similarity.py
	@$(BIN)/python bench/clusters.py
	@$(BIN)/python bench/verdicts.py
	@$(BIN)/python bench/growth.py
	@$(BIN)/python bench/commands.py
	@$(BIN)/python bench/ingestion.py

up: install              ## the Dagster UI and its daemon; Ctrl-C ends them; PORT=NUMBER
	@exec $(BIN)/spotify-ai up $(if $(PORT),--port $(PORT))

OAUTH_SERVER := oauth2-mock-server@8.2.3
TELEGRAM_SERVER := telegram-test-api@4.2.1
AXE := axe-core@4.14.1

oauth-server:            ## an independent OAuth server, against which the sign-in is tested; it needs Node.js
telegram-server:         ## an independent emulator of Telegram's Bot API, against which the bot is tested; it needs Node.js
axe:                     ## axe-core, which looks for what keeps people from using the dashboard; it needs Node.js and Chromium
oauth-server telegram-server axe:   # npm would remove the one that is not named
	@npm install --silent --no-save --prefix $(VENV)/node $(OAUTH_SERVER) $(TELEGRAM_SERVER) $(AXE)

# An extra leaves a mark in the environment: a later `make install` brings it along.
EXTRAS := lyrics words ears audio mcp workers
ADD_lyrics = $(UV_INSTALL) --no-deps --requirement requirements-lyrics.txt
ADD_words = $(UV_INSTALL) --no-deps --requirement requirements-words.txt
ADD_ears = $(UV_INSTALL) --no-deps --requirement requirements-ears.txt
# PyTorch has an index of its own with builds for the CPU alone, which are smaller: TORCH=cpu takes them from there.
ADD_audio = $(UV_INSTALL) $(if $(TORCH),--torch-backend $(TORCH)) --constraint requirements.lock --requirement pyproject.toml --extra audio
ADD_mcp = $(UV_INSTALL) --constraint requirements.lock --requirement pyproject.toml --extra mcp
ADD_workers = $(UV_INSTALL) --requirement requirements-workers.lock

lyrics: install          ## what features.lyrics_providers needs: a small language model, 90 MB
words: install           ## what reads moods in any language: a small multilingual encoder, 90 MB
ears: install            ## what features.ears_providers needs, files and previews: a small network that hears tags, 35 MB
audio: install           ## what sound needs (features.clap_providers, files and previews): PyTorch, several GB; TORCH=cpu takes its smaller build
mcp: install             ## what `spotify-ai mcp` needs: the SDK of the Model Context Protocol, 3 packages
workers: install         ## what deploy/workers needs: Celery, the clients of PostgreSQL, Redis and S3
$(EXTRAS):
	@$(ADD_$@)
	@touch $(VENV)/with-$@

install: $(VENV)/installed   ## the environment; LOCK=requirements.lock leaves out what only a developer needs

ifneq ($(LOCK),$(INSTALLED))
.PHONY: $(VENV)/installed
endif

# The environment is what the lock file says and the extras that were there, no more and no less.
$(VENV)/installed: $(LOCK) pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11, 3.12 or 3.13, or set PYTHON="; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { echo "error: $$($(PYTHON) --version) does not fit; Python 3.11, 3.12 or 3.13 is needed (PYTHON=python3.13 make demo)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "making the environment in $(VENV): $$(grep -c '==' $(LOCK)) packages, 1.8 GB on the disk; some minutes the first time"
	@rm -f $@
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --compile-bytecode --python $(BIN)/python $(LOCK)
	@$(UV_INSTALL) --no-deps --build-constraints requirements-dev.lock --editable .
	@$(foreach extra,$(EXTRAS),{ test ! -e $(VENV)/with-$(extra) || $(ADD_$(extra)); } &&) true
	@echo "preparing the first map, which takes a minute"
	@$(BIN)/python -c 'from spotify_ai_pipeline.music.clustering import reduce; reduce.compile_ahead()'
	@echo $(LOCK) > $@

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11
lock: install            ## newest versions that work together, with hashes and without any address
	@$(COMPILE) --upgrade --group dev pyproject.toml --output-file requirements-dev.lock
	@$(COMPILE) --constraint requirements-dev.lock pyproject.toml --output-file requirements.lock
	@$(COMPILE) --constraint requirements-dev.lock --extra workers pyproject.toml --output-file requirements-workers.lock

# Each runs in an environment of its own, so that what they need is no part of ours.
sbom: install            ## what the program is made of: dist/sbom.json, CycloneDX, from the lock with its hashes
	@mkdir -p dist
	@$(BIN)/uv tool run --quiet --from cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.lock \
		--pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.json
	@echo dist/sbom.json

audit: install           ## known weaknesses of what is in the lock; asks the package index, which must know of them
	@$(BIN)/uv tool run --quiet pip-audit==2.10.1 --strict --disable-pip --requirement requirements.lock

clean:                   ## the environment and everything the demos made; your own data stays
	rm -rf $(VENV) data/demo data/listeners/*/demo logs
