# What one does here. `make help` lists it.
SHELL := bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VIGIL   := bin/vigil
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo development)
KERNEL  ?= all
FUZZTIME ?= 5s
BENCHTIME ?= 1s

.PHONY: help run build generate generate-check check test race fuzz bench bench-overhead bench-fleet bench-sigma vm simulate console cross clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | column -t -s $$'\t'

run: build ## start all of Vigil on a small tour of activity of its own; SCOPE=host watches everything, DATA=DIR keeps it
	@VIGIL=$(VIGIL) scripts/run

build: ## build bin/vigil
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(VIGIL) ./cmd/vigil

generate: ## regenerate kernel objects and Go from bpf/event.h, and the console (needs clang-19 and Node: installed if missing)
	scripts/generate

generate-check: ## regenerate and fail if anything differs
	scripts/generate
	git diff --exit-code --stat -- bpf decode uplink/console/dist

check: ## vet, format, lint
	scripts/check
	scripts/lint

test: ## everything that proves a promise: unit, race, fuzz, native truth, freshness
	scripts/test

race: ## unit tests under the race detector
	go test -race ./...

fuzz: ## each fuzz test for FUZZTIME
	scripts/fuzz $(FUZZTIME)

bench: ## benchmarks of the hot path
	go test -run '^$$' -bench . -benchtime $(BENCHTIME) ./decode/... ./sensor/... ./bpf/... ./uplink/...

bench-overhead: ## what sensing costs: Vigil, bpftrace and auditd beside none, and the limits it keeps: KERNEL=6.12 in about 20 minutes
	KERNEL=$(if $(filter all,$(KERNEL)),6.12,$(KERNEL)) test/bench/overhead/run
bench-fleet: ## 2,000 simulated sensors before one server: what is lost, how long it takes, memory; in about 4 minutes
	test/bench/fleet/run
bench-sigma: ## the Sigma engine beside others, over SigmaHQ's rules (in ../shared or VIGIL_SHARED)
	cd test/bench/sigma && go test -run '^$$' -bench . -benchtime $(BENCHTIME) .

vm: ## boot the kernel matrix and run the suite inside: KERNEL=5.10|6.1|6.12|7.2|all
	test/vm/matrix $(KERNEL)

simulate: ## play every playbook before the sensor on the kernel matrix, in each tier: KERNEL=6.1|6.12|7.2|all
	test/vm/simulate $(KERNEL)

console: ## walk the console in Chromium; pictures of its pages are left in test/console/shots
	go test -count=1 -v ./test/console

cross: ## build for every supported system
	for target in linux/amd64 linux/arm64; do GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/vigil; done
	for target in windows/amd64 darwin/arm64; do GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go build ./decode/... ./detect/... ./cmd/...; done

clean: ## remove what was built
	rm -rf bin
