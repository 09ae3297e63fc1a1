# Needs Rust, make and some CPython from 3.10 on; everything else goes into .venv and target.
#
# PYTHON=... names the Python to use, ARGS=... is handed on to the program that a target runs.

VENV := .venv
python := $(VENV)/bin/python

.PHONY: help demo test test-rust test-python fuzz soak coverage loom asan tsan valgrind lint msrv deny stubs format bench build venv clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## set everything up, build, and count the words of a real folder of text on all cores
	@$(python) -m bocpy.examples.word_count $(ARGS)

test: test-rust test-python ## set everything up, build, and run all tests, Rust and Python

test-rust: venv ## the Rust tests alone
	tree=$$(scripts/source_tree $(VENV)) && cd "$$tree" && PYO3_PYTHON=$(CURDIR)/$(python) cargo test --workspace $(ARGS)

test-python: build ## the Python tests alone, on every host of behaviors that the Python has
	scripts/test_python $(VENV) $(ARGS)

fuzz: build ## send random values around for a minute, or: ARGS="--seconds 3600 --seed 1"
	$(python) tests/python/fuzz.py $(ARGS)

soak: build ## attack it for two minutes: random programs, signals, forks, little memory, or: ARGS="--seconds 3600 --seed 1"
	$(python) tests/python/soak.py $(ARGS)

coverage: ## which part of the code the tests reach, Rust and Python
	scripts/coverage $(ARGS)

loom: ## check the runtime's lock-free parts in every interleaving of their threads
	scripts/loom $(ARGS)

asan: ## run the runtime's tests under AddressSanitizer and LeakSanitizer
	crates/boc/sanitize.sh address $(ARGS)

tsan: ## the same under ThreadSanitizer (needs std's sources: rustup component add rust-src)
	crates/boc/sanitize.sh thread $(ARGS)

valgrind: ## the same under valgrind's memcheck
	crates/boc/sanitize.sh valgrind $(ARGS)

lint: venv ## what formatters and linters have to say
	cargo fmt --all --check
	PYO3_PYTHON=$(CURDIR)/$(python) cargo clippy --workspace --all-targets --all-features -- -D warnings
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check

msrv: venv ## compile by the oldest Rust that will do (by rustup, which has to have it)
	oldest=$$(scripts/oldest_rust) && PYO3_PYTHON=$(CURDIR)/$(python) CARGO_TARGET_DIR=target/msrv \
		cargo "+$$oldest" check --workspace --all-targets --locked $(ARGS)

deny: ## licenses, sources and known faults of what we build on (needs cargo-deny)
	cargo deny check $(ARGS)

stubs: build ## the type stubs against the package, and users' code against the stubs
	scripts/check_stubs $(VENV)

format: venv ## format all sources
	cargo fmt --all
	$(VENV)/bin/ruff format

bench: build ## run the benchmarks (ARGS="--help" for what they can do)
	@$(python) benchmarks/run.py $(ARGS)

build: venv
	@scripts/build $(VENV)

venv:
	@base=$$(scripts/find_python) && "$$base" scripts/setup_venv.py $(VENV)

clean: ## remove all that was made here
	rm -rf target $(VENV) benchmarks/.venvs dist .pytest_cache .ruff_cache
	find python tests benchmarks scripts -name __pycache__ -prune -exec rm -rf {} +
	rm -f python/bocpy/_core*.so
