# The front door. `make` alone lists what there is.
SECONDS ?= 600
CASES ?= 10000
DELAYS ?= 3
BACKENDS ?=
BUILD := build/release

.DEFAULT_GOAL := help
.PHONY: help setup build run embeddings test delays test-package test-image image client-image python-versions sanitize fuzz openapi-fuzz config-fuzz bench lint format package clean

help: ## this list
	@echo "Neso, an inference server. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

setup: ## install what building, testing and measuring need (BACKENDS="pytorch": what these optional backends need)
	@scripts/setup $(BACKENDS)

build: ## build the server and lay out a runnable, relocatable tree in out/ (BACKENDS="pytorch": with these, too)
	@scripts/setup base $(BACKENDS)
	@scripts/build $(BUILD) out

run: build ## train a model of handwritten digits, serve it, print its accuracy (ONCE=1: and end)
	@scripts/setup run
	@ONCE=$(ONCE) examples/digits/run.sh

embeddings: build ## serve sentence embeddings (MiniLM, 84 MB) and search the documentation by meaning (ONCE=1: and end)
	@scripts/setup embeddings
	@ONCE=$(ONCE) examples/embeddings/run.sh

test: ## unit tests (ctest), then whole-server tests (pytest)
	@scripts/setup test $(BACKENDS)
	@scripts/build $(BUILD) out
	@scripts/test $(BUILD) out

delays: build ## whole-server tests with the servers' threads held up at random: what hangs on chance fails (DELAYS=3: so long)
	@scripts/setup test
	@NESO_TEST_DELAYS=$(DELAYS) NESO_TEST_PATIENCE=5 scripts/test $(BUILD) out tests

python-versions: build ## the tests of Python models and of the Python client under each CPython that is found (PYTHONS="3.9 3.14": those)
	@scripts/setup test pythons
	@scripts/test_pythons $(BUILD) out $(PYTHONS)

sanitize: ## the same tests under address + undefined-behaviour and thread sanitizers (ONLY=asan or ONLY=tsan)
	@scripts/setup test
	@scripts/sanitize $(or $(ONLY),asan tsan)

fuzz: ## run every fuzz target for its share of SECONDS=600 (MERGE=1: add what was learned to fuzz/corpus)
	@scripts/setup lint
	@scripts/fuzz $(SECONDS) $(if $(MERGE),--merge)

openapi-fuzz: build ## CASES=10000 requests made from the OpenAPI document; the answers are checked against it
	@scripts/setup test
	@NESO_OPENAPI_CASES=$(CASES) .deps/venv/bin/pytest -q -s -p no:cacheprovider tests/openapi/test_generated_requests.py

config-fuzz: build ## CASES=10000 model configurations, mutated by their structure, are loaded by file and by request
	@scripts/setup test
	@NESO_CONFIG_CASES=$(CASES) .deps/venv/bin/pytest -q -s -p no:cacheprovider tests/repository/test_mutated_configs.py

bench: build ## measure beside a real Triton and bare floors, into docs/performance.md (BACKENDS="openvino": beside their own loops)
	@scripts/setup test bench
	@cmake --build $(BUILD) --target neso_bench
	@.deps/venv/bin/python $(if $(BACKENDS),bench/frameworks.py $(BACKENDS),bench/run.py)

lint: ## check format, Clang's warnings and thread-safety analysis, clang-tidy on changed files (ALL=1: on all)
	@scripts/setup lint
	@scripts/lint $(if $(ALL),--all)

format: ## format all C++ sources
	@scripts/setup lint
	@git ls-files -z '*.cc' '*.h' '*.c' | xargs -0 .deps/clang/bin/clang-format -i

test-package: ## wheel, .deb, apt repository and archive are installed on bare Debians 12 and 13 in folders (minutes; root)
	@scripts/setup test redis package test-package
	@scripts/build $(BUILD) out
	@scripts/package $(BUILD) dist
	@NESO_PACKAGE=1 NESO_TREE=$(CURDIR)/out NESO_BUILD=$(CURDIR)/$(BUILD) .deps/venv/bin/pytest -q -s -p no:cacheprovider tests/packaging

package: ## out/ as wheels, .deb, apt repository and archive in dist/, with a bill of materials (NESO_SIGNING_KEY=id: signed)
	@scripts/setup redis package $(BACKENDS)
	@scripts/build $(BUILD) out
	@scripts/package $(BUILD) dist

image: package ## a container image of dist/'s archive by docker, podman or buildah (BACKENDS="pytorch": with these, too)
	@scripts/image dist neso:$$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' $(BUILD)/CMakeCache.txt) \
	  --build-arg BACKENDS="identity onnxruntime python $(filter-out onnxruntime-gpu,$(BACKENDS))"

client-image: package ## an image of what asks servers: the command, neso perf, the clients for Python and C++
	@scripts/image --client dist neso-clients:$$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' $(BUILD)/CMakeCache.txt)

test-image: package ## both images are built by buildah on a bare Debian 12, served from and asked from (a few minutes; root)
	@scripts/setup test redis charts image
	@NESO_IMAGE=1 NESO_TREE=$(CURDIR)/out NESO_BUILD=$(CURDIR)/$(BUILD) .deps/venv/bin/pytest -q -s -p no:cacheprovider tests/deploy/test_image.py tests/deploy/test_client_image.py

clean: ## remove what was built (not .deps/, not the compiler cache)
	rm -rf build out dist
