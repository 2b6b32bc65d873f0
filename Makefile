# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
RUST   := $(shell find rust -name '*.rs' -o -name Cargo.toml) Cargo.toml Cargo.lock
# The extension is rebuilt when Rust changed; tests use the dev profile, demo and bench the release one.
DEV     := $(VENV)/.native-dev
RELEASE := $(VENV)/.native-release

.PHONY: demo test lint unit e2e fuzz bench bench-scheduling bench-micro dev release schema clean toolchain

demo: release
	$(BIN)/python -m kfast.cli demo

test: dev lint
	cargo test --workspace --exclude kfast-py --quiet
	$(BIN)/python -m pytest

lint: dev
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check
	cargo clippy --workspace --all-targets --quiet -- --deny warnings
	$(BIN)/ruff check python tests bench tools
	$(BIN)/ruff format --check python tests bench tools
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest kfast._native --concise
	$(BIN)/lint-imports --no-cache

unit: dev
	$(BIN)/python -m pytest -m "not e2e and not slow"

e2e: dev
	$(BIN)/python -m pytest -m e2e

# Needs a nightly toolchain and cargo-fuzz.
fuzz: $(STAMP)
	$(BIN)/python tools/fuzz.py

bench: release
	$(BIN)/python -m kfast.cli bench api --results bench/results

bench-scheduling: release
	for mode in core cluster https; do $(BIN)/python -m kfast.cli bench scheduling --mode $$mode --results bench/results || exit 1; done

bench-micro: release
	$(BIN)/python tools/requirements.py bench | xargs -d '\n' $(BIN)/pip install --quiet
	$(BIN)/python -m pytest bench/micro

# Regenerates the schema data the wheel carries.
schema: $(STAMP)
	$(BIN)/python tools/schema.py
	$(BIN)/python tools/internal_forms.py

dev: $(DEV)
release: $(RELEASE)

toolchain:
	@command -v cargo >/dev/null || { echo "kfast needs a Rust toolchain: install rustup, then run make again"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "kfast needs Python 3.11 or newer"; exit 1; }

$(STAMP): pyproject.toml | toolchain
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/python tools/requirements.py | xargs -d '\n' $(BIN)/pip install --quiet
	touch $@

$(DEV): $(STAMP) $(RUST)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --quiet
	@rm -f $(RELEASE) && touch $@

$(RELEASE): $(STAMP) $(RUST)
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --quiet --release
	@rm -f $(DEV) && touch $@

clean:
	rm -rf target $(VENV) python/kfast/*.so
