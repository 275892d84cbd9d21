# Two commands do everything: `make up` runs the exchange, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
QUANTATRADE := .venv/bin/quantatrade
PROOF_TOOLS := .cache/proof-tools
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
replay: build ## Drive the exchange with recorded order flow (SPEED=1: real time, NET=0.9: so many wallets net, DATA=file)
	@$(PYTHON) -m benchmarks.replay $(if $(SPEED),--speed $(SPEED)) $(if $(NET),--net $(NET)) $(if $(DATA),--data $(DATA))

.PHONY: replay-kill
replay-kill: build ## The same, with the process killed ten times on the way (SEED=n repeats a run)
	@$(PYTHON) -m benchmarks.replay --kills 10 $(if $(SEED),--seed $(SEED)) $(if $(NET),--net $(NET)) $(if $(DATA),--data $(DATA))

.PHONY: bench-engine
bench-engine: install .build/.engine ## Measure the matching engine, beside a plain std::map book in C++ on the same commands
	@$(PYTHON) -m benchmarks.engine

.PHONY: bench-indexer
bench-indexer: install .build/.contracts ## Measure the indexer from cold to caught up, beside a plain web3.py loop (EVENTS=n, ROUNDS=n)
	@$(PYTHON) -m benchmarks.indexer $(if $(EVENTS),--events $(EVENTS)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: bench-gas
bench-gas: install .build/.contracts ## Measure what settlement costs in gas (RECORD=1: write docs/contracts/gas.json anew)
	@$(PYTHON) -m benchmarks.gas $(if $(RECORD),--record)

.PHONY: bench-tree
bench-tree: install ## Measure the Merkle tree of a vesting pool: to build, to load, to prove (LEAVES=n)
	@$(PYTHON) -m benchmarks.tree $(if $(LEAVES),--leaves $(LEAVES))

.PHONY: sale-demo
sale-demo: install .build/.contracts .build/.engine ## Hold a whole sale on a chain of its own, and account for every unit (WALLETS=n, SEED=n)
	@$(PYTHON) -m benchmarks.sale_demo $(if $(WALLETS),--wallets $(WALLETS),--charts docs/charts) $(if $(SEED),--seed $(SEED))

.PHONY: diff-engine
diff-engine: install .build/.engine ## Hold the engine to its uncompiled sources and the reference model (N=commands, SEED=n)
	@$(PYTHON) -m tests.proofs.diff_engine $(if $(N),--commands $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: diff-long
diff-long: install .build/.contracts .build/.engine ## Hold settled batches to the engine's ledger and the plain rules (N=batches, SEED=n)
	@$(PYTHON) -m tests.proofs.diff_settlement $(if $(N),--batches $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: invariants-long
invariants-long: install ## Hold all invariants of the contracts over long random sequences (CONTRACT=one, RUNS=n, DEPTH=calls, SEED=n)
	@$(PYTHON) -m tests.proofs.invariants_long $(if $(CONTRACT),--contract $(CONTRACT)) $(if $(RUNS),--runs $(RUNS)) $(if $(DEPTH),--depth $(DEPTH)) $(if $(SEED),--seed $(SEED))

.PHONY: broken-contracts
broken-contracts: install ## Break the contracts in known ways, and show which invariant notices (CONTRACT=one, RUNS=n, DEPTH=calls, FAULTS=n, SEED=n)
	@$(PYTHON) -m tests.proofs.broken_contracts $(if $(CONTRACT),--contract $(CONTRACT)) $(if $(RUNS),--runs $(RUNS)) $(if $(DEPTH),--depth $(DEPTH)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(SEED),--seed $(SEED))

.PHONY: contract-coverage
contract-coverage: install ## Measure which branches of the contracts their forge tests take
	@$(PYTHON) -m tests.proofs.contract_coverage

.PHONY: prove
prove: install $(PROOF_TOOLS)/.installed ## Prove packing, lanes and amounts for all numbers, by symbolic execution (halmos)
	@FOUNDRY_PROFILE=prove nice $(PROOF_TOOLS)/bin/halmos --root . --forge-build-out .cache/prove/out

.PHONY: slither
slither: install $(PROOF_TOOLS)/.installed ## Search the contracts for known mistakes; docs/contracts/security.md answers each finding
	@$(PROOF_TOOLS)/bin/slither .

$(PROOF_TOOLS)/.installed: tests/forge/tools.txt
	@printf '\033[1m==>\033[0m Proof tools\n'
	@$(PYTHON) -m venv --clear $(PROOF_TOOLS) && $(PROOF_TOOLS)/bin/python -m pip install --quiet -r $< && touch $@

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

.PHONY: sim-indexer
sim-indexer: install .build/.contracts ## Simulate indexers on nodes that lie and a database that fails (N=simulations, SEED=n)
	@$(PYTHON) -m tests.proofs.sim_indexer $(if $(N),--simulations $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: reorg-indexer
reorg-indexer: install .build/.contracts ## Reorganise a real chain under load, at each depth, and compare (N=deepest reorg, SEED=n)
	@$(PYTHON) -m tests.proofs.reorg_indexer $(if $(N),--depths $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: kill-indexer
kill-indexer: install .build/.contracts ## Kill indexers in backfill and live, on SQLite and PostgreSQL (N=kills, SEED=n)
	@$(PYTHON) -m tests.proofs.kill_indexer $(if $(N),--kills $(N)) $(if $(SEED),--seed $(SEED))

.PHONY: clean
clean: ## Remove everything that was built (not the exchange's state, not what was installed)
	rm -rf .build contracts/.cache frontend/dist
	find offchain -name '*.so' -delete
