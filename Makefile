# make train   the environment, then a first run on the embedded images
# make test    the environment, then the tests
# make env     the environment alone: .venv, pinned by constraints.txt
# make data    Debian's copy of Fashion-MNIST into TFDS's folder (apt install dataset-fashion-mnist)
# make lint    style, import arrows, types of the public surface, the tables of results, known faults of what is installed
# make thorough  more tests: what those hold in part, in full
# make slow    the tests that take minutes
# make docs    the site, in build/site: a folder for any static host, nothing in it is loaded from elsewhere

PYTHON ?= python3
BIN := .venv/bin

.PHONY: train test thorough slow lint docs data env clean

train: env
	$(BIN)/python train.py --method=pconv

test: env
	$(BIN)/python -m pytest -n 2 --dist loadfile

thorough: env
	$(BIN)/python -m pytest -n 2 --dist loadfile -m thorough

slow: env
	$(BIN)/python -m pytest -m slow

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python tools/results.py --check
	$(BIN)/python tools/audit.py

# Once its packages are there, it is built without a network.
docs: .venv/documented
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --clean --site-dir build/site
	@echo build/site/index.html

data: env
	$(BIN)/python tools/seed_tfds.py

env: .venv/installed

# The stamp is written last, so that an interrupted installation is done again.
.venv/installed: setup.cfg setup.py pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))" || { echo "tfgan_zoo needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test,serve,formats,film,heic,hub,audit]"
	@touch $@

.venv/documented: .venv/installed
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[docs]"
	@touch $@

clean:
	rm -rf .venv build dist *.egg-info
