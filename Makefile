# Two commands do everything: `make up` runs the exchange, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
QUANTATRADE := .venv/bin/quantatrade
NODE_BIN := $(CURDIR)/node_modules/@foundry-rs
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(NODE_BIN)/anvil-linux-amd64/bin:$(NODE_BIN)/forge-linux-amd64/bin:$(PATH)
export SOLCX_BINARY_PATH := $(CURDIR)/scripts/solc
export APE_DATA_FOLDER := $(CURDIR)/.cache/ape

CONTRACT_SOURCES := $(shell find contracts -name '*.sol' -not -name '*.t.sol' 2>/dev/null) ape-config.yaml
ENGINE_SOURCES := $(wildcard offchain/matching/*.py) $(addprefix offchain/core/,commands.py events.py money.py)
WEB_SOURCES := $(shell find frontend -type f -not -path '*/dist/*' -not -path '*/node_modules/*' 2>/dev/null)

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

.PHONY: install
install: ## Install what is missing into the project's own folders
	@scripts/install.sh

.PHONY: build
build: install .build/.contracts .build/.engine frontend/dist/index.html ## Compile the contracts, the engine and the web app

.build/.contracts: $(CONTRACT_SOURCES) package-lock.json
	@printf '\033[1m==>\033[0m Contracts\n'
	@mkdir -p .build
	@ape compile --force >.build/compile.log 2>&1 || { cat .build/compile.log; exit 1; }
	@# Ape looks at 500 files of the folder at most, and what it unpacks there of the libraries can be the first 500.
	@rm -rf contracts/.cache && touch $@

.build/.engine: $(ENGINE_SOURCES) uv.lock
	@printf '\033[1m==>\033[0m Matching engine\n'
	@$(PYTHON) -m offchain.matching.build
	@mkdir -p .build && touch $@

frontend/dist/index.html: $(WEB_SOURCES) package-lock.json
	@printf '\033[1m==>\033[0m Web app\n'
	@npm run --silent build -w frontend
	@touch $@

.PHONY: up
up: build ## Run the whole exchange at http://localhost:8000
	@exec $(QUANTATRADE) up

.PHONY: test
test: build ## Run every test
	@scripts/test.sh

.PHONY: lint
lint: install .build/.contracts ## Check style, types and layers
	@scripts/lint.sh

.PHONY: format
format: install ## Format Python, Solidity and TypeScript
	ruff format .
	ruff check --fix .
	forge fmt
	npm run --silent format -w frontend

.PHONY: verify
verify: build ## Recompute the exchange's state from the journal alone and from the chain alone, and compare
	@$(QUANTATRADE) verify

.PHONY: replay
replay: build ## Drive the exchange with recorded order flow (SPEED=1: real time, DATA=file: another recording)
	@$(PYTHON) -m benchmarks.replay $(if $(SPEED),--speed $(SPEED)) $(if $(DATA),--data $(DATA))

.PHONY: replay-kill
replay-kill: build ## The same, with the process killed ten times on the way (SEED=n repeats a run)
	@$(PYTHON) -m benchmarks.replay --kills 10 $(if $(SEED),--seed $(SEED)) $(if $(DATA),--data $(DATA))

.PHONY: bench-engine
bench-engine: install .build/.engine ## Measure the matching engine, beside a plain std::map book in C++ on the same commands
	@$(PYTHON) -m benchmarks.engine

.PHONY: diff-engine
diff-engine: install .build/.engine ## Hold the engine to its uncompiled sources and the reference model (N=commands, SEED=n)
	@$(PYTHON) -m tests.proofs.diff_engine $(if $(N),--commands $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: coverage
coverage: install .build/.engine ## Measure what the tests of the engine and of the sequencer reach, lines and branches
	@$(PYTHON) -m tests.proofs.coverage_of_rooms

.PHONY: mutants
mutants: install ## Put faults into the engine's sources, and count those that its tests find (N=faults, SEED=n)
	@$(PYTHON) -m tests.proofs.mutants $(if $(N),--mutants $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: crash
crash: install .build/.engine ## Kill a writer under load, and prove that nothing acknowledged is lost or doubled (N=kills, SEED=n)
	@$(PYTHON) -m tests.proofs.crash $(if $(N),--kills $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: torn
torn: install .build/.engine ## Damage journals, and prove that none is taken for another (N=journals, SEED=n)
	@$(PYTHON) -m tests.proofs.torn $(if $(N),--journals $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: simulate
simulate: install .build/.engine ## Simulate exchanges on a disk that fails and loses power in every way (N=simulations, SEED=n)
	@$(PYTHON) -m tests.proofs.simulate $(if $(N),--simulations $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: clean
clean: ## Remove everything that was built (not the exchange's state, not what was installed)
	rm -rf .build contracts/.cache frontend/dist
	find offchain -name '*.so' -delete
