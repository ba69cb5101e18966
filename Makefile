# The course's commands. `make` alone lists them; each sets up what it needs first.
#   PYTHON=python3.12   the Python to use, instead of the first of 3.11 to 3.13 that runs
#   VENV=.venv          the environment's folder
#   PINS=FILE           the lock to install, for example tests/requirements-cpu.txt (no CUDA compiler, 200 MB less to download)

VENV ?= .venv
PINS ?= tests/requirements.txt
PYTHON ?=
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
FIND := KEEP="$(BIN)/python" sh tools/find-python.sh $(if $(PYTHON),"$(PYTHON)")
RUN := PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python

# LAB_ARGS, TEST_ARGS, DEMO_ARGS, BENCH_ARGS and HUB_ARGS go to the command as they are.
export REQUIRE_ALL

.DEFAULT_GOAL := help
.PHONY: help setup lab test lowest demo bench peers hub hub-check locks

help:
	@echo 'make setup   make .venv from the pinned packages'
	@echo 'make lab     open the course in JupyterLab, on your own copies in work/ (LAB_ARGS=...)'
	@echo 'make test    run every test that this machine can run (TEST_ARGS=..., REQUIRE_ALL=1: a skip is a failure)'
	@echo 'make lowest  run tests with the lowest versions that the two pyproject.toml allow (needs uv; TEST_ARGS=...)'
	@echo 'make demo    grade a bundled class, from release to grade table (DEMO_ARGS=...)'
	@echo 'make bench   time each kernel and model beside its peers (BENCH_ARGS=...)'
	@echo 'make peers   install those peers, each in an environment of its own under .venv-peers/'
	@echo 'make hub     a JupyterHub on this machine for a class, with an account for everybody; as root (HUB=/srv/perceptron-hub, HUB_ARGS=--gpu)'
	@echo 'make hub-check N   is that hub ready for a class of N, and what is missing'
	@echo 'make locks   pin the newest packages again (needs uv; UPGRADE= keeps what still serves)'

setup:
	@python=$$($(FIND)) && "$$python" tools/setup.py --venv "$(VENV)" --pins "$(PINS)"

lab: setup
	@$(RUN) tools/lab.py $(LAB_ARGS)

test: setup
	@$(RUN) -m pytest $(TEST_ARGS)

# On the lowest Python, too: some of these versions have no wheels for the later ones. JupyterLab alone is a later one, as what nbgrader
# brings along asks for.
LOWEST := uv pip compile --quiet --upgrade --python-version 3.11 --resolution lowest-direct --generate-hashes --no-annotate
lowest:
	@command -v uv >/dev/null || { echo 'make lowest needs uv, which can choose the lowest versions; add it with: python3 -m pip install uv'; exit 1; }
	@mkdir -p dist
	$(LOWEST) pyproject.toml grading/pyproject.toml --group build --group test --no-emit-package perceptron-to-dropout -o dist/lowest.txt
	@$(MAKE) --no-print-directory test PYTHON=$(or $(PYTHON),python3.11) VENV=.venv-lowest PINS=dist/lowest.txt \
		$(if $(TEST_ARGS),,TEST_ARGS='tests/labkit tests/labs/test_labs.py')

demo: setup
	@$(RUN) -m grading.cli demo $(DEMO_ARGS)

bench: setup
	@$(RUN) -m labkit.cli bench $(BENCH_ARGS)

# gmdh has no release for Python 3.12 and later, and wants a NumPy below 2.
peers: setup
	@python=$$($(FIND)) && \
	"$$python" tools/setup.py --only-pins --venv .venv-peers/torch --pins tests/peers/torch.txt && \
	"$$python" tools/setup.py --only-pins --venv .venv-peers/jax --pins tests/peers/jax.txt
	@python=$$(sh tools/find-python.sh python3.11 python3 "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/3.11.*/bin/python) && \
	"$$python" tools/setup.py --only-pins --venv .venv-peers/gmdh --pins tests/peers/gmdh.txt

# The hub's Python runs every account's server, so it is one of the system's, not one in somebody's home.
HUB ?= /srv/perceptron-hub
hub:
	@python=$$(PATH=/usr/local/bin:/usr/bin:/bin sh tools/find-python.sh $(if $(PYTHON),"$(PYTHON)")) && "$$python" binder/hub/set_up.py --hub "$(HUB)" $(HUB_ARGS)

# `make hub-check 30`: the number is a word of its own, so make would look for a target of that name.
ifeq (hub-check,$(firstword $(MAKECMDGOALS)))
CLASS := $(word 2,$(MAKECMDGOALS))
ifneq (,$(CLASS))
.PHONY: $(CLASS)
$(CLASS): ; @:
endif
endif
hub-check:
	@python=$$(PATH=/usr/local/bin:/usr/bin:/bin sh tools/find-python.sh $(if $(PYTHON),"$(PYTHON)")) && "$$python" binder/hub/hub_check.py $(CLASS) --hub "$(HUB)"

# One resolution for all locks: each later one may only take versions of the first.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command 'make locks'
UPGRADE ?= --upgrade
locks:
	@command -v uv >/dev/null || { echo 'make locks needs uv, which reads dependency groups and pins for every system at once; add it with: python3 -m pip install uv'; exit 1; }
	$(COMPILE) $(UPGRADE) pyproject.toml grading/pyproject.toml --extra gpu --extra cluster --group build --group binder --group test --no-emit-package perceptron-to-dropout -o tests/requirements.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --extra cluster --group build --group binder --group test --no-emit-package perceptron-to-dropout -c tests/requirements.txt -o tests/requirements-cpu.txt
	$(COMPILE) pyproject.toml --group build --group binder -c tests/requirements.txt -o binder/requirements.txt
	$(COMPILE) pyproject.toml --group build --group binder --extra gpu -c tests/requirements.txt -o binder/requirements-gpu.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --group build --group binder --group hub --no-emit-package perceptron-to-dropout -c tests/requirements.txt -o binder/hub/requirements.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --extra gpu --group build --group binder --group hub --no-emit-package perceptron-to-dropout -c tests/requirements.txt -c binder/hub/requirements.txt -o binder/hub/requirements-gpu.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --group build --group binder --group image --no-emit-package perceptron-to-dropout -c tests/requirements.txt -o binder/images/requirements.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --extra gpu --group build --group binder --group image --no-emit-package perceptron-to-dropout -c tests/requirements.txt -c binder/images/requirements.txt -o binder/images/requirements-gpu.txt
	$(COMPILE) pyproject.toml grading/pyproject.toml --extra cluster --extra gateway --group build --group binder --group image --no-emit-package perceptron-to-dropout -c tests/requirements.txt -c binder/images/requirements.txt -o binder/images/requirements-grading.txt
