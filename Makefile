# Every Go command runs in the environment of the native libraries that `deps` sets up.
SHELL  := /bin/bash
WITH   := cmd/deps/with-env.sh
GO     := $(WITH) go
PREFIX ?= /usr/local

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Debian's libraries are linked in: to load eighteen of them and look 22,000 symbols up took most of a start. The linker
# prefers a .so to the .a beside it, so these get a folder where there is no .so.
LINKED_IN := rocksdb gflags snappy z bz2 lz4 zstd re2 openblas gfortran quadmath gomp stdc++
LINK      := -extldflags "-L$(CURDIR)/bin/linked -static-libgcc $(addprefix -l,$(LINKED_IN))"
# The version is ours to set: stamping by Go itself fails in a checkout owned by another user.
SETTINGS  := -X github.com/elderzan/elderzan/cmd/internal/early.Version=$(VERSION) $(LINK)
GO_BUILD  := $(GO) build -buildvcs=false -ldflags '$(SETTINGS)'

# The pipe that each client starts is a small program of its own, carried inside bin/elderzan.
BUILD_PIPE    := $(WITH) env CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o cmd/internal/early/pipe.bin ./cmd/pipe
# The libraries of the clouds' KMS are larger than all of the rest: a program of its own, started when kms_url names one.
BUILD_KMS     := $(WITH) env CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w'
BUILD_PROGRAM := GOFLAGS="$$GOFLAGS -tags=embedpipe" $(GO_BUILD)

GOLANGCI_LINT := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.13.0
GOSEC         := github.com/securego/gosec/v2/cmd/gosec@v2.22.9
GOVULNCHECK   := golang.org/x/vuln/cmd/govulncheck@v1.5.0

PKG      ?= ./...
# What the memory itself is made of, tested with coverage, each folder's packages by the tests of all of them; and what
# stands above it.
CORE     := memory scope embed sync security
REST     := ./cmd/... ./prompts/... ./tools/...
FUZZTIME ?= 30s
SEED     ?=
SIZES    ?= 1k,10k,100k

.DEFAULT_GOAL := help

##@ Use
.PHONY: build
build: linked-in ## build bin/elderzan and bin/elderzan-kms, and link the model's weights beside it
	@$(BUILD_PIPE)
	@$(BUILD_PROGRAM) -o bin/ ./cmd/elderzan
	@$(BUILD_KMS) -o bin/elderzan-kms ./cmd/kms
	@$(WITH) sh -c 'ln -sfn "$$ELDERZAN_MODEL" bin/model'

.PHONY: linked-in
linked-in: deps
	@mkdir -p bin/linked; for l in $(LINKED_IN); do ln -sfn "$$(gcc -print-file-name=lib$$l.a)" bin/linked/lib$$l.a; done

.PHONY: run
run: linked-in ## build all and show what it does: bin/demo drives bin/elderzan
	@$(BUILD_PIPE)
	@$(BUILD_PROGRAM) -o bin/ ./cmd/elderzan ./cmd/demo
	@$(WITH) sh -c 'ln -sfn "$$ELDERZAN_MODEL" bin/model'
	@bin/demo --elderzan bin/elderzan

# Builds only what is missing: under sudo a build would be root's, with a cache of its own.
bin/elderzan bin/elderzan-kms &:
	@$(MAKE) --no-print-directory build

# The weights go beside, not into, share/elderzan: with PREFIX=~/.local that is the data folder.
.PHONY: install
install: bin/elderzan bin/elderzan-kms ## install under PREFIX=/usr/local (DESTDIR= for packagers)
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/bin bin/elderzan bin/elderzan-kms
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/elderzan-model bin/model/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/elderzan LICENSE README.md
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,bash-completion/completions zsh/site-functions fish/vendor_completions.d man/man1)
	bin/elderzan completion bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/elderzan
	bin/elderzan completion zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_elderzan
	bin/elderzan completion fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/elderzan.fish
	if bin/elderzan man --help 2>&1 | grep -q 'elderzan man'; then bin/elderzan man $(DESTDIR)$(PREFIX)/share/man/man1; fi

.PHONY: dist
dist: linked-in ## release archive, MCP bundle, bill of materials and checksums in bin/dist
	@$(BUILD_PIPE)
	@GOFLAGS="$$GOFLAGS -tags=embedpipe" $(GO) build -buildvcs=false -trimpath -ldflags '-s -w $(SETTINGS)' -o bin/release/elderzan ./cmd/elderzan
	@$(BUILD_KMS) -o bin/release/elderzan-kms ./cmd/kms
	@$(WITH) sh -c 'go run ./cmd/dist --elderzan bin/release/elderzan --kms bin/release/elderzan-kms --linked bin/linked --model "$$ELDERZAN_MODEL" --version $(VERSION) --epoch $(shell git log -1 --format=%ct)'

.PHONY: train-ranker
train-ranker: deps ## fit memory/rank/weights.json anew and print the figures of left-out conversations (wants ELDERZAN_DATA_DIR)
	@$(GO) run ./memory/storage/internal/recalleval/train -o memory/rank/weights.json

##@ Set-up
.PHONY: deps
deps: ## set up Debian packages, native libraries and model weights
	@cmd/deps/deps.sh

.PHONY: deps-test
deps-test:
	@cmd/deps/deps.sh --test

.PHONY: env
env: deps ## print the Go environment for a shell: eval "$(make -s env)"
	@cmd/deps/env.sh

##@ Tests
.PHONY: test
test: deps-test ## run all tests, with their counts and the core's coverage (PKG=./... limits them)
ifeq ($(PKG),./...)
	@$(GO) run ./cmd/pyramid
	@set -o pipefail; status=0; profiles=$$(mktemp -d); trap 'rm -r "$$profiles"' EXIT; \
	 for folder in $(CORE); do \
	   $(GO) test -timeout 30m -coverpkg=./$$folder/... -coverprofile="$$profiles/$$folder" ./$$folder/... | sed -E '/^\t/d; s/\tcoverage: .*//' || status=1; \
	 done; \
	 $(GO) run ./cmd/pyramid "$$profiles"/* || status=1; \
	 $(GO) test $(REST) || status=1; exit $$status
else
	@$(GO) test $(PKG)
endif

.PHONY: soak
soak: deps-test ## an hour of eight clients on two machines, with engines killed and the cloud away (ELDERZAN_SOAK=1h)
	@ELDERZAN_LONG=1 $(GO) test -count=1 -timeout 24h -v -run TestSoak ./cmd/elderzan

.PHONY: race
race: deps-test ## all tests under the race detector
	@$(GO) test -race -timeout 30m $(PKG)

.PHONY: cover
cover: deps-test ## all tests with coverage: coverage.out, coverage.html and the total
	@$(GO) test -coverpkg=$(PKG) -coverprofile=coverage.out $(PKG)
	@$(GO) tool cover -html=coverage.out -o coverage.html
	@$(GO) tool cover -func=coverage.out | tail -n 1

# The tests below have a short form in `test`; ELDERZAN_LONG asks them for the long one.
.PHONY: crash
crash: deps-test ## kill the store at every durable step, and at random against a model, at length (SEED= repeats a run)
	@ELDERZAN_LONG=1 ELDERZAN_SEED=$(SEED) $(GO) test -count=1 -timeout 60m -run Crash $(PKG)

.PHONY: conformance
conformance: deps-test ## the official MCP conformance tool over HTTP, both eras of the protocol, twenty runs
	@ELDERZAN_LONG=1 $(GO) test -count=1 -timeout 60m -v -run TestConformance ./cmd/elderzan

.PHONY: sim
sim: deps-test ## simulate many devices that sync, at length (SEED= repeats a run)
	@ELDERZAN_LONG=1 ELDERZAN_SEED=$(SEED) $(GO) test -count=1 -timeout 60m -run Sim ./sync/...

.PHONY: cloud
cloud: deps-test ## sync through faults, a full disk, a failover and load, at length
	@ELDERZAN_LONG=1 $(GO) test -count=1 -timeout 60m -v -run 'Faults|DiskFull|Failover|Load|Figures' ./sync/...

.PHONY: fuzz
fuzz: deps-test ## fuzz every target for FUZZTIME=30s
	@$(WITH) cmd/deps/fuzz.sh $(FUZZTIME) $(PKG)

.PHONY: bench
bench: deps-test ## benchmarks against BASE=main, compared by benchstat
	@$(WITH) cmd/deps/bench.sh $(PKG)

.PHONY: bench-sizes
bench-sizes: build ## recall and writes at growing SIZES=1k,10k,100k
	@bin/elderzan bench --sizes $(SIZES)

.PHONY: pictures
pictures: build deps-test ## make the README's pictures anew: a session in a terminal, pages of the dashboard
	@$(GO) run ./cmd/pictures

##@ Checks
.PHONY: check
check: fmt-check vet lint vuln gosec licences-check test race generate-check ## all that must pass before a change lands

.PHONY: fmt
fmt: ## format the Go files
	@gofmt -l -w .

.PHONY: fmt-check
fmt-check:
	@unformatted=$$(gofmt -l .); [[ -z $$unformatted ]] || { printf '%s\n' "not formatted (make fmt):" "$$unformatted"; exit 1; }

.PHONY: vet
vet: deps ## go vet
	@$(GO) vet $(PKG)

.PHONY: lint
lint: deps ## golangci-lint, by .golangci.yml
	@$(GO) run $(GOLANGCI_LINT) run $(PKG)

.PHONY: vuln
vuln: deps ## look for known vulnerabilities in what we call
	@if out=$$($(GO) run $(GOVULNCHECK) $(PKG) 2>&1); then echo "$$out"; \
	elif grep -q 'fetching vulnerabilities' <<<"$$out"; then echo "NOTICE: vulnerabilities NOT checked, their database is out of reach: $$out"; \
	else echo "$$out"; exit 1; fi

# What is left out, and why, stands in security/REVIEW.md.
GOSEC_EXCLUDE := G101,G103,G104,G115,G202,G203,G204,G301,G302,G304,G306,G404,G407

.PHONY: gosec
gosec: deps ## look for insecure use of the standard library
	@$(GO) run $(GOSEC) -quiet -exclude-dir=testdata -exclude=$(GOSEC_EXCLUDE) $(PKG)

.PHONY: licences
licences: deps ## list the licences of the modules that are linked in: security/LICENCES.md
	@$(GO) run ./cmd/licences

.PHONY: licences-check
licences-check: deps
	@$(GO) run ./cmd/licences -check

.PHONY: weights-check
weights-check: deps ## fit the weights of the layer "likely" anew: they must be the committed ones, bit for bit (a minute)
	@$(GO) run ./scope/sensitive/likely/train -check

.PHONY: generate-check
generate-check: deps ## fail if generated files are stale
	@state() { git status --porcelain; git diff; }; before=$$(state); $(GO) generate ./... && \
	if [[ $$before != "$$(state)" ]]; then git status --short; echo 'generated files were stale: commit what `go generate ./...` wrote'; exit 1; fi

##@ Other
.PHONY: clean
clean: ## remove what was built here; the cache of native libraries stays
	@rm -rf bin coverage.out coverage.html

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^##@ / { printf "\n%s\n", substr($$0, 5) } /^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
