# Everything a newcomer and CI need. `make run` and `make test` set up their own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find jobs operators schemas dataflow -name '*.py' -o -name '*.avsc') pyproject.toml setup.py requirements.lock
SEEDS ?= 1000
KILLS ?= 50
SEED ?= 1
PARTS ?=
MINUTES ?= 10

.PHONY: run test check bench bench-kafka simulate chaos install format clean

run: $(VENV)/.installed
	$(BIN)/tapeline run --fresh

test: $(VENV)/.installed
	TAPELINE_MODE=installed $(BIN)/pytest -q -n 2
	TAPELINE_MODE=interpreted PYTHONPATH=$(CURDIR) $(BIN)/pytest -q -n 2

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PYTHONPATH=$(CURDIR) $(BIN)/python -m schemas.generator --check
	PYTHONPATH=$(CURDIR) $(BIN)/python -m schemas.compatibility --check
	$(BIN)/tapeline lint

bench: $(VENV)/.installed
	$(BIN)/python tests/bench

# On a broker of its own: about 40 minutes. PARTS="latency throughput others recovery memory" chooses some of them;
# MINUTES are those of memory.
bench-kafka: $(VENV)/.installed
	$(BIN)/python tests/bench/kafka --parts "$(PARTS)" --minutes $(MINUTES)

simulate: $(VENV)/.installed
	$(BIN)/python tests/simulate/run.py --seeds $(SEEDS)

# A fifth of the kills on files; all of them on Kafka, with the other faults between them (docs/faults.md).
chaos: $(VENV)/.installed
	$(BIN)/python tests/chaos/kill_loop.py --kills $$((($(KILLS) + 4) / 5)) --seed $(SEED)
	$(BIN)/python tests/chaos/kafka_matrix.py --kills $(KILLS) --seed $(SEED)

install: $(VENV)/.installed

# The locked dependencies, then this tree, compiled where there is a C compiler.
$(VENV)/.installed: $(SOURCES) $(VENV)/.locked
	sh deploy/install.sh tree $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock deploy/install.sh
	PYTHON=$(PYTHON) sh deploy/install.sh locked $(VENV)
	@touch $@

format: $(VENV)/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf build data *.egg-info .mypy_cache .ruff_cache .pytest_cache
