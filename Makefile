# The one entry to everything a developer does; `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help install up test test-unit test-ui screenshots browser prometheus clients lint format accuracy bench bench-batching bench-gpu bench-ui load proto lock clean

BIN := .venv/bin
CODE := serve_app argus_client reflex_frontend tests benchmarks scripts
# Options of `argus up`, such as ARGS="--serve-port 8100 --ui-port 3100"
ARGS ?=
# The shape of `make load`
SCENARIO ?= spike

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1mmake %-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## Create .venv and install the locked requirements (ARGUS_TORCH_INDEX=URL: see README)
	@scripts/install.sh

up: install ## Start the service (127.0.0.1:8000) and the UI (127.0.0.1:3000); ARGS="--help" shows options
	@exec $(BIN)/argus up $(ARGS)

browser: install
	@$(BIN)/python -m tests.browser

prometheus: install
	@$(BIN)/python -m tests.prometheus

clients: install
	@$(BIN)/python -m tests.clients

test: install browser prometheus clients ## Run every test; needs nothing but Python 3.11 or newer
	@$(BIN)/python -m pytest

test-unit: install ## Run the fast tests: no Ray, no browser
	@$(BIN)/python -m pytest tests/unit

test-ui: install browser ## Run the tests of the page in a real browser; pictures of every page go to out/screenshots
	@$(BIN)/python -m pytest tests/unit/ui tests/e2e/test_ui_*.py

screenshots: install browser ## Draw every page and every state of it into out/screenshots
	@$(BIN)/python -m tests.e2e.screenshots

lint: install ## Check style, types, imports and file lengths
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python scripts/check_file_length.py $(CODE)

format: install ## Format the code and apply safe fixes
	@$(BIN)/ruff check --fix --exit-zero .
	@$(BIN)/ruff format .

accuracy: install ## Measure accuracy over HTTP on a running service: make accuracy IMAGES=folder
	@test -n "$(IMAGES)" || { echo "Name a folder of labelled photos: make accuracy IMAGES=folder" >&2; exit 2; }
	@exec $(BIN)/python -m benchmarks.accuracy --images "$(IMAGES)" $(ARGS)

bench: install ## Measure Argus against the machine's limit and other servers: make bench IMAGES=folder (half an hour)
	@test -n "$(IMAGES)" || { echo "Name a folder of JPEG photos: make bench IMAGES=folder" >&2; exit 2; }
	@exec $(BIN)/python -m benchmarks.bench --images "$(IMAGES)" $(ARGS)

bench-batching: install ## Compare the batcher with Ray Serve's own: make bench-batching IMAGES=folder (10 minutes)
	@test -n "$(IMAGES)" || { echo "Name a folder of JPEG photos: make bench-batching IMAGES=folder" >&2; exit 2; }
	@exec $(BIN)/python -m benchmarks.batching --images "$(IMAGES)" $(ARGS)

bench-gpu: install ## Measure a GPU in process and through the service: make bench-gpu IMAGES=folder (10 minutes)
	@test -n "$(IMAGES)" || { echo "Name a folder of JPEG photos: make bench-gpu IMAGES=folder" >&2; exit 2; }
	@exec $(BIN)/python -m benchmarks.gpu --images "$(IMAGES)" $(ARGS)

bench-ui: install browser ## Measure the UI in a real browser: make bench-ui IMAGES=folder (5 minutes)
	@test -n "$(IMAGES)" || { echo "Name a folder of JPEG photos: make bench-ui IMAGES=folder" >&2; exit 2; }
	@exec $(BIN)/python -m benchmarks.ui --images "$(IMAGES)" $(ARGS)

load: install ## Load the service and report: make load SCENARIO=spike (steady, ramp, soak, overload); ARGS="--help"
	@exec $(BIN)/python -m benchmarks.load $(SCENARIO) $(if $(IMAGES),--images "$(IMAGES)") $(ARGS)

proto: install ## Make the Python of the gRPC messages anew from serve_app/grpc/protocol/*.proto
	@$(BIN)/uv run --quiet --no-project --with grpcio-tools==1.81.1 python -m grpc_tools.protoc \
	  --proto_path=. --python_out=. --pyi_out=. serve_app/grpc/protocol/*.proto

lock: install ## Resolve the requirements anew into requirements.lock
	@$(BIN)/uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
	  --extra serve --extra web --extra dev pyproject.toml -o requirements.lock

clean: ## Remove the environments, the built page and every cache
	@rm -rf .venv .bench .clients .web .states .argus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist build
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
