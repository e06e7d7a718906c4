# The entry points: demo, test, lint, build, bench, clean. Each one installs what it needs below this folder.
#
# Wanted on the machine: Rust by rustup, Python 3.10 or newer, Node 20 or newer, a C compiler, and redis-server for the
# tests of shared state, which are skipped where it is missing and cannot be installed. One cargo profile, one
# feature set and one target directory serve the tests, the Python extension and the Node addon, so nothing is compiled
# twice.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
PROFILE := ci
CARGO_DENY_VERSION := 0.20.2

ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
STAMPS := $(ROOT)/target/stamps
DENY := $(ROOT)/target/tools/cargo-deny-$(CARGO_DENY_VERSION)/bin/cargo-deny

export CARGO_TARGET_DIR := $(ROOT)/target
# The extension is built for this interpreter, whoever calls cargo.
export PYO3_PYTHON := $(VENV)/bin/python
export PATH := $(VENV)/bin:$(PATH)
# Built with everything else; no test has to build it again.
export FAKE_PROVIDER := $(ROOT)/target/$(PROFILE)/fake-provider

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find router-sdk bindings-node/src bindings-node/Cargo.toml bindings-node/build.rs \
  tests/fake-provider tests/soak examples/demo examples/rust -type f -not -name '*.md' 2>/dev/null)
PYTHON_SOURCES := $(shell find bindings-python/src bindings-python/Cargo.toml -type f 2>/dev/null)
NODE_SOURCES := $(shell find bindings-node/ts bindings-node/build.mjs tsconfig.json package.json -type f 2>/dev/null)

.PHONY: help build demo test lint bench soak clean
help: ## What can be made.
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 16

build: $(STAMPS)/python $(STAMPS)/node ## The crate, the Python extension and the Node addon.

demo: $(STAMPS)/python $(STAMPS)/node ## The quickstart in three languages; without provider keys on the sandbox.
	target/$(PROFILE)/examples/demo examples/demo/prompts.json
	$(VENV)/bin/python examples/demo/demo.py examples/demo/prompts.json
	node examples/demo/demo.mjs examples/demo/prompts.json

test: test-rust test-python test-node test-scripts ## All tests.

lint: lint-rust lint-deny lint-python lint-node ## Formatting, lints, types, licences, documentation.

.PHONY: test-rust test-python test-node test-scripts
test-rust: $(STAMPS)/rust $(STAMPS)/redis
	cargo test --quiet --workspace --exclude clawrouters-python --profile $(PROFILE)

test-python: $(STAMPS)/python $(STAMPS)/redis
	$(VENV)/bin/python -m pytest -q

test-node: $(STAMPS)/node $(STAMPS)/redis
	npm test

test-scripts: $(STAMPS)/venv
	$(VENV)/bin/python -m unittest discover -q -s scripts/catalog

.PHONY: lint-rust lint-deny lint-python lint-node
lint-rust: $(STAMPS)/venv
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --profile $(PROFILE) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --profile $(PROFILE)

lint-deny: $(DENY)
	$(DENY) check bans licenses sources

lint-python: $(STAMPS)/venv
	$(VENV)/bin/ruff check . examples/demo/demo.py
	$(VENV)/bin/ruff format --check . examples/demo/demo.py
	$(VENV)/bin/mypy --strict

lint-node: $(STAMPS)/npm
	npm run --silent lint
	npx eslint examples/demo

bench: ## Benchmarks of the core, with full optimisation.
	cargo bench -p clawrouters

soak: $(STAMPS)/rust ## Ten minutes of mixed faults; SOAK_SECONDS sets another length.
	target/$(PROFILE)/examples/soak

clean: ## Everything that was built or installed here.
	rm -rf target .venv node_modules bindings-node/dist bindings-python/python/clawrouters/_native.*.so

# --- what the entry points stand on -----------------------------------------------------------------------------------

$(STAMPS):
	mkdir -p $@

$(STAMPS)/venv: pyproject.toml | $(STAMPS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or newer is needed; set PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "the venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(VENV)/bin/python -m pip install --quiet --group build --group lint --group test
	touch $@

$(STAMPS)/npm: package.json package-lock.json | $(STAMPS)
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || { echo "Node 20 or newer is needed" >&2; exit 1; }
	npm ci --no-audit --no-fund
	touch $@

# A server for the tests of shared state, where one can be had.
$(STAMPS)/redis: | $(STAMPS)
	@command -v redis-server >/dev/null || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server; } \
	  || echo "redis-server is missing: the tests of shared state are skipped" >&2
	touch $@

# Everything but the Python extension, which maturin builds with settings of its own.
$(STAMPS)/rust: $(RUST_SOURCES) | $(STAMPS)
	cargo build --workspace --exclude clawrouters-python --lib --bins --examples --profile $(PROFILE)
	touch $@

$(STAMPS)/python: $(STAMPS)/venv $(STAMPS)/rust $(PYTHON_SOURCES)
	$(VENV)/bin/maturin develop --quiet --profile $(PROFILE)
	touch $@

$(STAMPS)/node: $(STAMPS)/npm $(STAMPS)/rust $(NODE_SOURCES)
	npm run --silent build
	touch $@

# A tool, not a product: compiled without optimisation, which takes a third of the time.
$(DENY):
	CARGO_PROFILE_DEV_OPT_LEVEL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$(ROOT)/target/tools/build \
	  cargo install --quiet --locked --debug --version $(CARGO_DENY_VERSION) --root $(ROOT)/target/tools/cargo-deny-$(CARGO_DENY_VERSION) cargo-deny
	rm -rf $(ROOT)/target/tools/build
