# make run   builds the interface and the program and starts them with a sample organisation
# make test  runs all tests; make soak their long forms; make bench the benchmarks
# Everything it needs comes from the Go module proxy and npm.

SHELL := /bin/bash
GO ?= go
# What runs the Go tests, and which; .ci/run names another runner.
GOTEST ?= $(GO) test
# The browser tests last longest: they begin first, and the rest goes beside them.
PACKAGES ?= ./test/e2e ./...
WEB := $(shell find web/src web/public web/index.html web/*.config.* web/tsconfig*.json -type f 2>/dev/null)
NODE := $(shell command -v node 2>/dev/null)

.PHONY: run build ui test test-go test-web test-fuzz test-clients test-e2e clients tools soak bench fmt lint

run: bin/rapport
	RAPPORT_SAMPLE=$${RAPPORT_SAMPLE-1} ./bin/rapport serve

build: bin/rapport

.PHONY: bin/rapport
bin/rapport: ui
	@mkdir -p bin
	$(GO) build -mod=readonly -o bin/rapport ./cmd/rapport

ifeq ($(NODE),)
ui:
	@echo "Node is not installed: building without the interface (the Web API and forms work; see README)."
else
ui: web/dist/index.html
endif

web/node_modules/.stamp: web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	@touch $@

web/dist/index.html: web/node_modules/.stamp $(WEB)
	cd web && npm run build
	@touch web/dist/.gitkeep

# Programs that some tests talk to: clients that we did not write, a browser driver, a database server.
ifneq ($(shell python3 -c "import venv, ensurepip" 2>/dev/null && echo yes),)
clients: $(patsubst %/requirements.txt,%/.venv/.stamp,$(wildcard test/clients/*/requirements.txt))
endif
clients: $(patsubst %/package-lock.json,%/node_modules/.stamp,$(wildcard test/clients/*/package-lock.json test/e2e/package-lock.json))
ifeq ($(wildcard /usr/lib/postgresql/*/bin/initdb)$(RAPPORT_TEST_POSTGRES)$(RAPPORT_TEST_PGBIN),)
tools: test/tools/node_modules/.stamp
else
tools:
endif

test/%/node_modules/.stamp: test/%/package-lock.json
	cd $(dir $<) && npm ci --no-audit --no-fund
	@touch $@

test/clients/%/.venv/.stamp: test/clients/%/requirements.txt
	python3 -m venv $(dir $@)
	$(dir $@)bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

test: test-go test-fuzz test-web

test-go: ui clients tools
	$(GO) vet ./...
	$(GOTEST) -mod=readonly -vet=off -timeout 25m $(PACKAGES)

test-web: ui
ifneq ($(NODE),)
	cd web && npm test
	cd web && npm run check:size
endif

# Every fuzz target, by the folder it is in: folder:target.
FUZZ := internal/platform/transfer/read:FuzzOpen internal/kit/delta:FuzzLog internal/kit/delta:FuzzCheckpoint internal/kit/delta:FuzzDataFile internal/kit/cloudevents:FuzzFromHTTP internal/platform/odata:FuzzFilter internal/platform/odata:FuzzRequest internal/platform/odata:FuzzBody internal/platform/odata:FuzzFetchXML internal/platform/odata:FuzzSQL internal/edge/httpapi:FuzzBatch \
	internal/platform/stream:FuzzUnpack internal/ground/expr:FuzzEval internal/platform/flow:FuzzCompile internal/capability/intake:FuzzClean internal/capability/portal:FuzzSubmit \
	internal/commons/exchange:FuzzInbound internal/kit/gbdt/modelio:FuzzLightGBM internal/kit/gbdt/modelio:FuzzXGBoost
FUZZTIME ?= 10m

# The readers of what anybody can send to the Web API are fuzzed in every test run, for ten seconds each.
FUZZ_SHORT := internal/platform/odata:FuzzFilter internal/platform/odata:FuzzFetchXML internal/platform/odata:FuzzSQL internal/edge/httpapi:FuzzBatch

test-fuzz:
	@set -e; for f in $(FUZZ_SHORT); do echo "fuzz $$f"; $(GO) test -mod=readonly -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime 10s -fuzzminimizetime 1x ./$${f%%:*}; done

soak: ui clients tools
	RAPPORT_SOAK=1 $(GO) test -mod=readonly -timeout 120m -count=1 ./internal/... ./test/...
	@set -e; for f in $(FUZZ); do echo "fuzz $$f"; $(GO) test -mod=readonly -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x ./$${f%%:*}; done

# Makes the pictures anew that test/e2e/reference.test.mjs compares the screens with. Look at them before you commit.
.PHONY: references
references: ui clients
	RAPPORT_REFERENCES=update $(GO) test -mod=readonly -count=1 ./test/e2e -run 'TestInterface/reference'

bench:
	$(GO) test -mod=readonly -run '^$$' -bench . -benchmem ./internal/...

fmt:
	gofmt -l -w cmd internal web/*.go *.go test bench

lint:
	$(GO) vet ./...
	@out=$$(gofmt -l cmd internal test bench *.go web/*.go); if [ -n "$$out" ]; then echo "gofmt: $$out"; exit 1; fi
