SHELL := /bin/bash
.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## set up Debian packages, native libraries and model weights
	@cmd/deps/deps.sh

.PHONY: env
env: deps ## print the Go build environment: eval "$$(make -s env)"
	@cmd/deps/env.sh
