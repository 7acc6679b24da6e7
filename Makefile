# SPDX-License-Identifier: MIT
# Barmkin's build. `make` alone lists the targets. Everything built goes to $(BUILD); nothing generated is committed.
BUILD ?= build
ifeq ($(origin CC),default)
CC = gcc
endif
OPT ?= -O2 -g
SAN ?=
WARN = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
CLANG = $(findstring clang,$(CC))
HARDEN = -fstack-protector-strong -fPIE $(if $(SAN),,-D_FORTIFY_SOURCE=2) -ftrivial-auto-var-init=zero \
  $(if $(CLANG),-enable-trivial-auto-var-init-zero-knowing-it-will-be-removed-from-clang)
CPPFLAGS += -D_GNU_SOURCE -Isrc -I$(BUILD)/gen -I/usr/share/include
CFLAGS += -std=gnu17 $(OPT) $(WARN) $(HARDEN) -pthread -MMD -MP $(SAN)
LDFLAGS += -pie -pthread -Wl,-z,relro,-z,now $(SAN)
ifneq ($(SAN),)
CPPFLAGS += -DBARMKIN_SANITIZE=1
endif

.DEFAULT_GOAL := help
include tools/build.mk

.PHONY: help all image-python demo environment environment-kills test unit unit-tests stories check san fuzz bench fmt docs clean deps op where check-authz mutate-authz cov-authz
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

deps: ## install what the build, the demo and the tests need from Debian (as root)
	@tools/deps

all: $(PROGRAMS) ## build every program

# What needs a build after an installation asks for it by recipe: with -j, prerequisites have no order.
JOBS := $(shell n=$$(nproc); echo $$((n > 8 ? 8 : n)))
again = @$(MAKE) --no-print-directory --silent -j$(JOBS)

image-python: $(BUILD)/function-host ## the image of Lambda's functions, from Debian's packages (as root)
	@tools/image-python $(BUILD) must

demo: deps ## build and play the main job on real data (KEEP=1 leaves it running)
	$(again) all
	@BUILD=$(BUILD) demo/run $(if $(KEEP),--keep)

environment: deps ## deploy, visit, change and delete the environment of REPO, a checkout of amazon-sagemaker-secure-mlops (KEEP=1 leaves its quickstart running)
	$(again) all
	@/usr/bin/python3 -B demo/environment.py --build $(BUILD) $(if $(KEEP),--keep) $(addprefix --only ,$(ONLY)) "$(REPO)"

environment-kills: ## the same with kill -9 of everything at thirty random moments
	@$(MAKE) --no-print-directory environment ONLY=kills

test: deps ## build and run every test
	$(again) all unit-tests
	@tests/run $(BUILD)

unit-tests: $(UNIT_TESTS)

unit: $(UNIT_TESTS) ## unit tests only; T=base/str runs one
	@tests/run-unit $(BUILD) $(T)

stories: ## each claim of the mission, and whether it holds
	$(again) all
	@BUILD=$(BUILD) /usr/bin/python3 -B -m pytest -q -s -p no:cacheprovider --tb=short tests/stories | grep -E '^(holds|absent|BROKEN)|Error' || true

check: deps ## the house's rules: layers, budget, banned calls, licences, formats
	$(again) all $(BUILD)/libxgb.a $(BUILD)/libagent.a
	@tools/check $(BUILD)

san: ## every test under AddressSanitizer and UndefinedBehaviorSanitizer
	@$(MAKE) test BUILD=build-san OPT="-O1 -g" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"

check-authz: ## a million random cases: does the policy engine decide as a naive evaluator does? (N=1000000 SEED=1)
	$(again) $(BUILD)/barmkin
	@nice -n 15 /usr/bin/python3 -B tests/authz/differ.py $(BUILD) $(or $(N),1000000) $(or $(SEED),1) $(JOBS)

mutate-authz: ## break src/authz in N=200 places, one at a time: do its tests notice? (SEED=1)
	$(again) $(BUILD)/libbarmkin.a
	@nice -n 15 /usr/bin/python3 -B tests/authz/mutate.py $(BUILD) $(or $(N),200) $(or $(SEED),1)

cov-authz: ## which branches of src/authz do its tests take? At least 98 of 100
	$(again) $(BUILD)/libbarmkin.a
	@nice -n 15 /usr/bin/python3 -B tests/authz/coverage.py $(BUILD) 98

fuzz: ## fuzz each parser for T seconds (default 60)
	@tests/fuzz/run $(or $(T),60)

bench: deps ## the figures, one JSON object a line
	$(again) all
	@BUILD=$(BUILD) tests/bench/run

fmt: ## format the C sources
	@clang-format-14 -i $$(git ls-files '*.c' '*.h')

docs: ## generate docs/reference into the build folder
	@tools/docs $(BUILD)

op: ## scaffold an operation: OP=kms:EnableKey
	@tools/scaffold $(OP)

where: ## where everything about an operation lives: OP=kms:EnableKey
	@tools/where $(OP)

clean: ## remove what was built
	rm -rf build build-san build-fuzz build-clang
