# SPDX-License-Identifier: Apache-2.0
# A thin face: scripts/install-packages sets the machine up, Meson works in build/.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 600

.PHONY: build run test bench fuzz install lint format clean help

build: build/build.ninja
	ninja -C build

build/build.ninja:
	scripts/install-packages build
	meson setup build

run:
	scripts/install-packages build run
	[ -e build/build.ninja ] || meson setup build
	ninja -C build programs
	scripts/run-demo build

test:
	scripts/install-packages build run test
	scripts/run-tests

lint:
	scripts/install-packages build test
	scripts/run-tests lint

format:
	git ls-files '*.c' '*.h' | xargs clang-format -i

bench:
	scripts/install-packages build bench
	scripts/run-bench

fuzz:
	scripts/install-packages build test
	scripts/run-fuzz $(FUZZ_SECONDS)

install: build/build.ninja
	meson configure build -Dprefix='$(PREFIX)'
	ninja -C build installed
	DESTDIR='$(DESTDIR)' meson install -C build --no-rebuild
	[ -n '$(DESTDIR)' ] || [ "$$(id -u)" -ne 0 ] || ldconfig

clean:
	rm -rf build build-*

help:
	@printf '%s\n' \
	'make run      set up, build, and start a demo service on 127.0.0.1 (DEMO_FRAMED=127.0.0.1:2000, DEMO_HTTP=127.0.0.1:8080)' \
	'make test     set up, build, run every test: plain, with ASan and UBSan, with TSan, fuzz corpora, lints' \
	'make build    build the library and the programs in build/' \
	'make lint     run the lints alone' \
	'make format   lay the sources out with clang-format' \
	'make bench    measure; figures in build/bench.tsv' \
	'make fuzz     fuzz each target for FUZZ_SECONDS (600)' \
	'make install  DESTDIR=, PREFIX=/usr/local' \
	'make clean    remove the build folders; var/ (the demo account) stays'
