# SPDX-License-Identifier: LGPL-2.1-or-later
# The commands a person types. Needs nothing but git and make on Debian 12: tools/setup installs the rest (as root).
#   make demo [CLIP=your.mp4]   decode a clip through the device with the stock ffmpeg, compare and measure
#   make test [LANES="dev"]     build and run the tests: every lane, a sample of the large matrices
#   make test-all               the same with the whole matrices (hours)
JOBS ?= $(shell nproc)

.PHONY: help build demo test test-all test-kernel check clean
help:
	@echo 'make demo [CLIP=your.mp4]  build, decode a clip through the device, compare with libavcodec'
	@echo 'make test [LANES="…"]      build and run the tests; lanes: dev stream stress fuzz sanitizers arm64 kernel (default: all)'
	@echo 'make test-all              the whole matrices: every vector, every fuzz target for a minute, all of the kernel lanes (hours)'
	@echo 'make test-kernel           the kernel module in a virtual machine, all of it (docs/kernel.md)'
	@echo 'make build                 build build/dev (then: build/dev/apps/softvpu run -- PROGRAM …)'
	@echo 'make check                 what to run before a commit: format, layers, tidy, build, fast tests'
	@echo 'make clean                 delete build/ and out/'
	@echo 'Packages that are missing are installed first (tools/setup; needs root). JOBS=$(JOBS) compile jobs.'

build:
	@tools/setup build
	@tools/build dev $(JOBS)

demo:
	@tools/setup demo
	@tools/build release $(JOBS)
	@tools/demo build/release '$(CLIP)'

test:
	@tools/setup test
	@JOBS=$(JOBS) tools/test $(LANES)

test-all:
	@tools/setup test
	@JOBS=$(JOBS) tools/test --all $(LANES)

test-kernel:
	@tools/setup build
	@tools/build dev $(JOBS)
	@tools/vm-setup
	@tests/kernel/run

check:
	@tools/setup check
	@JOBS=$(JOBS) tools/check

clean:
	rm -rf build out
