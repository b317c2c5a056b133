# Mode3's workbench: `make` lists what it can do. Needs Python 3.11 or newer, git and make; everything else is fetched into
# .venv/, lib/ and .cache/ inside this folder, by hash or signature. Written for GNU make 3.81 (macOS) and later.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
PY := $(VENV)/bin/python
RUN := $(VENV)/.run-installed
DEVICE := $(VENV)/.device-installed
DEV := $(VENV)/.dev-installed
LIB := lib/.fetched.json
ARGS ?=

export PYTHONDONTWRITEBYTECODE := 1
export PYTHONUNBUFFERED := 1
export PYTHONUTF8 := 1

.PHONY: help run test proof bench lib provision flash calibrate keys release vm lint layers format lock clean distclean
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(RUN) $(LIB)  ## start the twin: charger on 8080, bench on 8081; ARGS="--help" lists its options
	@$(PY) -m tools.twin $(ARGS)

test: $(DEV) $(LIB)  ## everything that must hold before a change goes in (at most 20 minutes on 2 cores)
	@$(PY) -m tools.checks.stages test $(STRICT)

proof: $(DEV) $(LIB)  ## the long proofs: sweeps, mutation, fuzz, soak (at most 66 minutes)
	@$(PY) -m tools.checks.stages proof $(STRICT)

bench: $(DEV) $(LIB)  ## measure the budgets, with the machine's own noise beside them; ARGS="tick heap" picks rows
	@$(PY) -m tools.bench $(ARGS)

lib: $(LIB)  ## fetch what others wrote (lib/lock.json) by hash
	@$(PY) -m tools.setup.lib --check

provision: $(DEVICE)  ## give a charger its identity and label; ARGS="--serial M3-0001 --board esp32-s3", or "--csv FILE"
	@$(PY) -m tools.provision $(ARGS)

keys: $(DEV)  ## make the key that signs releases, once; KEY=FILE is where its private half goes
	@$(PY) -m tools.build.keys $(if $(KEY),--key "$(KEY)") $(ARGS)

release: $(DEV)  ## build and sign a release for a file server; VERSION=1.4.0, NOTES=FILE, KEY=FILE, ARGS="--help"
	@$(PY) -m tools.build.release $(VERSION) $(if $(KEY),--key "$(KEY)") $(if $(NOTES),--notes "$(NOTES)") $(ARGS)

flash: $(DEVICE) $(LIB)  ## put Mode3 onto a board: PORT=/dev/… BOX=build/boxes/SERIAL (or BOARD=name), FIRMWARE=image of MicroPython, ERASE=1
	@$(if $(PORT),,echo "which port? make flash PORT=/dev/ttyUSB0 BOX=build/boxes/SERIAL" >&2; exit 2)
	@$(PY) -m tools.flash --port "$(PORT)" $(if $(BOX),--box "$(BOX)") $(if $(BOARD),--board "$(BOARD)") \
		$(if $(FIRMWARE),--firmware "$(FIRMWARE)") $(if $(ERASE),--erase) $(ARGS)

calibrate: $(DEVICE)  ## measure a board's pilot and cable coding, step by step: PORT=/dev/…; ARGS="--proximity"
	@$(if $(PORT),,echo "which port? make calibrate PORT=/dev/ttyUSB0" >&2; exit 2)
	@$(PY) -m tools.calibrate --port "$(PORT)" $(ARGS)

vm: $(DEV)  ## fetch the 32-bit MicroPython VM and valgrind
	@$(PY) -m tools.setup.vm

lint: $(DEV)  ## ruff
	@$(PY) -m ruff check --quiet --output-format concise .

layers: $(DEV)  ## who may import whom, integers only, MicroPython's language, what texts and documents must have
	@$(PY) -m tools.checks

format: $(DEV)  ## let ruff sort imports and mend what it can mend itself
	@$(PY) -m ruff check --fix .

lock: $(DEV)  ## make the lock files anew from pyproject.toml
	@$(PY) -m tools.setup.lock

clean:  ## remove what was built
	rm -rf build .pytest_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean  ## remove also what was fetched: .venv, .cache, lib's packages
	rm -rf .venv .cache
	find lib -mindepth 1 -not -name README.md -not -name lock.json -delete

# The environment is made anew when a lock file changes, and only then.
$(RUN): tools/setup/run.lock tools/setup/environment.py
	@$(if $(PYTHON),,echo "Mode3 needs Python 3.11 or newer; none was found on PATH. PYTHON=/path/to/python3 names one." >&2; exit 2)
	@$(PYTHON) tools/setup/environment.py run

$(DEVICE): tools/setup/device.lock tools/setup/environment.py
	@$(if $(PYTHON),,echo "Mode3 needs Python 3.11 or newer; none was found on PATH. PYTHON=/path/to/python3 names one." >&2; exit 2)
	@$(PYTHON) tools/setup/environment.py device

$(DEV): tools/setup/dev.lock tools/setup/environment.py
	@$(if $(PYTHON),,echo "Mode3 needs Python 3.11 or newer; none was found on PATH. PYTHON=/path/to/python3 names one." >&2; exit 2)
	@$(PYTHON) tools/setup/environment.py dev

$(LIB): lib/lock.json tools/setup/lib.py
	@test -x $(PY) || $(MAKE) --no-print-directory $(RUN)
	@$(PY) -m tools.setup.lib
	@touch $@
