# SPDX-License-Identifier: BSD-2-Clause
#
# Short names for what one does often. The build itself is Meson's: see
# meson.build, and `meson test -C build --suite NAME` for less than everything.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MESON_ARGS ?=
# Seconds per fuzz target
FUZZ_TIME ?= 60
# Parallel jobs; empty means as many as ninja likes
JOBS ?=
# Arguments for the test runner, e.g. TEST_ARGS='--suite core'
TEST_ARGS ?=
BENCH ?= $(BUILD)/tests/bench/bench
EXAMPLES ?= hello_world shared_memory mink_add

NINJA := ninja $(if $(JOBS),-j$(JOBS))
SWTEE := $(BUILD)/swtee

# A sanitizer report must fail the test that caused it, wherever it happened.
ASAN_ENV := \
	ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:verify_asan_link_order=0 \
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	LSAN_OPTIONS=report_objects=1
TSAN_ENV := TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

.PHONY: help
help:
	@echo 'make demo          build, then run the example clients in one private swtee'
	@echo 'make check         build and run every test; last line: N passed, N failed, N skipped'
	@echo 'make bench         print a table of timings and write $(BUILD)/bench.json'
	@echo 'make asan          every test under AddressSanitizer and UBSan (build-asan)'
	@echo 'make tsan          every test under ThreadSanitizer (build-tsan)'
	@echo 'make fuzz          every fuzz target for FUZZ_TIME=$(FUZZ_TIME) seconds (build-fuzz)'
	@echo 'make kernel-check  compile the TEE core and the drivers against kernel headers'
	@echo 'make install       install below $$(DESTDIR)$(PREFIX) (DESTDIR=, PREFIX=)'
	@echo 'make clean         remove the build directories'
	@echo
	@echo 'Each of them installs the Debian packages that are missing (scripts/install-deps).'
	@echo 'Your own program, once built:  $(SWTEE) run -- CMD [ARGS]'

.PHONY: all
all: deps $(BUILD)/build.ninja
	$(NINJA) -C $(BUILD)

.PHONY: deps
deps:
	@scripts/install-deps

# Meson runs itself again when its files change: only the first time is ours.
$(BUILD)/build.ninja: | deps
	meson setup $(BUILD) --prefix=$(PREFIX) $(MESON_ARGS)

build-asan/build.ninja: | deps
	meson setup build-asan -Db_sanitize=address,undefined -Db_lundef=false $(MESON_ARGS)

build-tsan/build.ninja: | deps
	meson setup build-tsan -Db_sanitize=thread -Db_lundef=false $(MESON_ARGS)

build-fuzz/build.ninja: | deps
	CC=clang meson setup build-fuzz -Db_sanitize=address,undefined -Db_lundef=false \
		-Dc_args=-fsanitize=fuzzer-no-link $(MESON_ARGS)

.PHONY: demo
demo: all
	$(SWTEE) run -- sh -c 'for example in $(EXAMPLES); do \
		echo "--- $$example"; $(BUILD)/examples/$$example || exit; done'

.PHONY: check
check: all
	scripts/run-tests $(BUILD) $(TEST_ARGS)

.PHONY: bench
bench: all
	$(SWTEE) run -- $(BENCH) --json $(BUILD)/bench.json \
		--swtee $(SWTEE) --ta-dir $(BUILD)/ta

.PHONY: asan
asan: deps build-asan/build.ninja
	$(NINJA) -C build-asan
	$(ASAN_ENV) scripts/run-tests build-asan --timeout-multiplier 4 $(TEST_ARGS)

.PHONY: tsan
tsan: deps build-tsan/build.ninja
	$(NINJA) -C build-tsan
	$(TSAN_ENV) scripts/run-tests build-tsan --fixed-layout --timeout-multiplier 8 $(TEST_ARGS)

.PHONY: fuzz
fuzz: deps build-fuzz/build.ninja
	$(NINJA) -C build-fuzz
	$(ASAN_ENV) scripts/run-fuzz build-fuzz $(FUZZ_TIME)

.PHONY: kernel-check
kernel-check:
	@scripts/install-deps --kernel
	scripts/kernel-check

.PHONY: install
install: all
	meson configure $(BUILD) -Dprefix=$(PREFIX)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

.PHONY: clean
clean:
	rm -rf $(BUILD) build-asan build-tsan build-fuzz build-clang build-kernel build-ci
