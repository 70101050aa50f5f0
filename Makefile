# `make demo` shows ghostcm at work; `make test` installs what the tests need and runs them.
# What needs branches is in .make/. GNU make 3.81, as on macOS, has to be enough.

SHELL := /bin/sh
.DEFAULT_GOAL := help

GO := $(shell $(SHELL) .make/find-go.sh)
export PATH := $(if $(findstring /,$(GO)),$(dir $(GO)):)$(if $(PATH),$(PATH),/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin)
# Go asks git about the checkout; git refuses to talk about one of another user.
# Without the checkout's path in it, another checkout need not compile all again.
export GOFLAGS := $(strip $(GOFLAGS) -buildvcs=false -trimpath)
# Go needs a place for its caches; cron and `env -i` give none.
export HOME := $(if $(HOME),$(HOME),$(shell eval echo "~$$(id -un)"))

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: help deps build demo test lint security fmt cover chaos fuzz bench budget bench-record e2e-ghost e2e-cm screens docs completions templates release clean go-is-there

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

deps: go-is-there ## install what the tests need: redis-server, a C compiler, Chromium
	@$(SHELL) .make/deps.sh test

build: go-is-there ## build bin/ghostcm
	@$(SHELL) .make/deps.sh build
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ghostcm ./cmd/ghostcm

demo: build ## watch the main job with nothing but Go; ARGS=--once ends by itself
	bin/ghostcm demo $(ARGS)

test: go-is-there ## run all tests, with the race detector; PKG=./internal/… narrows
	@$(SHELL) .make/deps.sh test
	@$(SHELL) .make/test.sh $(PKG)

lint: go-is-there ## check style, floors and doors
	@$(SHELL) .make/deps.sh build
	@$(SHELL) .make/lint.sh

security: go-is-there ## check licences and known vulnerabilities of what is linked
	@$(SHELL) .make/security.sh

fmt: go-is-there ## format the code
	$(GO) fmt ./...

cover: go-is-there ## measure coverage over all packages
	@$(SHELL) .make/deps.sh test
	$(GO) test -coverpkg=./... -coverprofile=coverage.out ./...
	$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -n 1

chaos: build ## make faults in a fleet of processes for DURATION=10m; SEEDS=20 runs, the first with SEED=1
	@$(SHELL) .make/deps.sh test
	DURATION='$(DURATION)' SEEDS='$(SEEDS)' SEED='$(SEED)' $(GO) test -tags chaos -count 1 -v -timeout 0 -run '^TestChaos$$' ./internal/fleet

fuzz: go-is-there ## fuzz what strangers send, each target for FUZZTIME=1m; TARGET=Normalise narrows
	@$(SHELL) .make/fuzz.sh '$(FUZZTIME)' '$(TARGET)'

bench: build ## measure against reference programs, docs/performance.md; ROW=accept RUNS=5 QUICK=1, or BENCH=Accept for Go's own
	@$(SHELL) .make/deps.sh bench
	@$(SHELL) .make/bench.sh bench '$(BENCH)' '$(ROW)' '$(RUNS)' '$(QUICK)' '$(DOC)'

budget: build ## hold allocations and round trips to Redis against what was recorded
	@$(SHELL) .make/bench.sh budget

bench-record: build ## record them anew
	@$(SHELL) .make/bench.sh record

e2e-ghost: go-is-there ## run against a real Ghost, docs/compatibility.md; DB=sqlite JOURNEY="1 2" narrows
	@$(SHELL) .make/deps.sh ghost
	@DB='$(DB)' JOURNEY='$(JOURNEY)' $(SHELL) .make/e2e-ghost.sh

e2e-cm: go-is-there ## hold the real Campaign Monitor against the tests' one; CM_API_KEY=… CM_LIST_ID=…
	@$(SHELL) .make/e2e-cm.sh

screens: go-is-there ## look at the dashboard: screenshots into bin/screens, and the README's picture
	@$(SHELL) .make/deps.sh test
	GHOSTCM_PICTURE=$(CURDIR)/docs/dashboard.png GHOSTCM_SCREENS=$(CURDIR)/bin/screens \
		$(GO) test -count 1 -timeout 20m -run TestScreens ./internal/dashboard

docs: go-is-there ## write docs/cli: Markdown and man pages
	@$(SHELL) .make/docs.sh

completions: build ## write completions/
	@$(SHELL) .make/completions.sh

templates: go-is-there ## write the dashboard's pages, from *.templ
	@$(SHELL) .make/deps.sh build
	@$(SHELL) .make/templates.sh

release: go-is-there ## build what is published into dist/; PLATFORMS="linux/amd64" narrows
	@$(SHELL) .make/deps.sh build
	@$(SHELL) .make/release.sh

clean: ## remove what was built
	rm -rf bin dist coverage.out coverage.html .tools

go-is-there:
	@$(SHELL) .make/check-go.sh
