# The front door. Each target installs what is missing, configures, and builds; the build itself is
# CMake's (CMakePresets.json). PRESET=dev|release|asan|asan-quick|tsan|fuzz|aarch64 chooses the configuration.
PRESET ?= release
BUILD  := build/$(PRESET)
SHELL  := /bin/bash
# A regular expression in TESTS limits `make test`: make test TESTS=Safetensors
TESTS  ?=

.DEFAULT_GOAL := help
.PHONY: help deps study-deps configure build demo test check tidy check-long bench fuzz interop clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps:  ## Install the Debian packages that are missing
	@scripts/install-deps.sh build $(filter aarch64,$(PRESET))
	@$(if $(filter aarch64,$(PRESET)),scripts/aarch64-sysroot.sh build/aarch64-sysroot,scripts/xgrammar.sh build/xgrammar)

# What is built for its own sake: `make demo` does without.
study-deps:
	@$(if $(filter release dev,$(PRESET)),scripts/install-deps.sh study || echo "study/ is left out: no libtorch" >&2)

configure: deps study-deps
	@if [ ! -f $(BUILD)/build.ninja ]; then cmake --preset $(PRESET); fi

build: configure  ## Build everything
	@cmake --build --preset $(PRESET)

test: build  ## Build and run every test
	@ctest --preset $(PRESET) -j $$(nproc) $(if $(TESTS),-R '$(TESTS)')

check:  ## Format and layers
	@scripts/install-deps.sh build check
	@git ls-files -z '*.h' '*.cc' | xargs -0 clang-format-14 --dry-run --Werror
	@python3 tools/check_layers.py .

tidy: deps  ## clang-tidy over what differs from the main branch
	@scripts/install-deps.sh build check
	@scripts/tidy.sh

check-long:  ## All that takes hours: whole suites under sanitizers and on ARM, fuzzing, interop, bench
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory tidy
	@for preset in asan tsan aarch64 release; do \
	  $(MAKE) --no-print-directory test PRESET=$$preset || exit 1; done
	@$(MAKE) --no-print-directory fuzz SECONDS=600
	@$(MAKE) --no-print-directory interop
	@$(MAKE) --no-print-directory bench

demo: deps  ## Quantize a real language model, talk to it and show what was lost
	@if [ ! -f build/release/build.ninja ]; then cmake --preset release; fi
	@cmake --build --preset release --target hlwq
	@scripts/demo.sh build/release/bin/hlwq build/demo $(TEXT)

bench:  ## Run the benchmarks; results in build/bench/*.json
	@$(MAKE) --no-print-directory build PRESET=release
	@scripts/bench.sh build/release/bench build/bench

fuzz:  ## Run every libFuzzer target for SECONDS each (clang; default 60)
	@scripts/install-deps.sh build fuzz
	@scripts/fuzz.sh $(or $(SECONDS),60)

interop:  ## Check against other people's programs (network, 10 GB, minutes)
	@$(MAKE) --no-print-directory build PRESET=release
	@set -e; for check in tools/interop/check_*.py; do \
	  echo "== $$check"; python3 $$check --hlwq build/release/bin/hlwq; done

clean:  ## Remove everything that was built
	rm -rf build
