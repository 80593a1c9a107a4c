# `make` lists the targets. Everything they need is made in .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test serve check bench pictures docs messages fmt lock clean
help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/.run ## import real data, preview, run, explain, undo, verify
	@BIN=$(BIN) bash examples/demo.sh

test: $(VENV)/.dev ## all tests, on SQLite and on PostgreSQL
	@$(BIN)/python -m tests.both_databases

serve: $(VENV)/.run ## screens, scheduler and workers in the foreground
	@$(BIN)/lapwing init && $(BIN)/lapwing serve

check: $(VENV)/.dev ## style, types, layers, migrations
	$(BIN)/ruff check src tests benchmarks examples
	$(BIN)/lint-imports
	$(BIN)/pyright
	DJANGO_SETTINGS_MODULE=lapwing.conf.settings $(BIN)/python -W ignore -m django makemigrations --check --dry-run

bench: $(VENV)/.dev ## the benchmarks, with the tables at the end (two hours)
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks jobs

pictures: $(VENV)/.dev ## pictures of every screen, with what was seen there, in var/pictures; renews docs/pictures
	@test -d var/demo/receivables || $(MAKE) demo
	@$(BIN)/python -m tests.browser.album var/pictures

docs: $(VENV)/.run ## write the generated pages of docs/ anew
	$(BIN)/python docs/generate.py

messages: $(VENV)/.dev ## collect the texts of the screens and compile their translations (needs gettext)
	cd src/lapwing/backoffice && DJANGO_SETTINGS_MODULE=lapwing.conf.settings ../../../$(BIN)/python -W ignore \
		-m django makemessages --all --no-obsolete --no-wrap --add-location file
	cd src/lapwing/backoffice && DJANGO_SETTINGS_MODULE=lapwing.conf.settings ../../../$(BIN)/python -W ignore \
		-m django compilemessages

fmt: $(VENV)/.dev ## format
	$(BIN)/ruff format src tests benchmarks examples && $(BIN)/ruff check --fix src tests benchmarks examples

lock: ## lock the requirements anew (needs uv)
	for name in build run dev; do uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url requirements/$$name.in -o requirements/$$name.txt; done

clean: ## remove the environment and the demo's data
	rm -rf $(VENV) var

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say PYTHON=/path/to/python3.11"; exit 1; }
	@echo "making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { echo "the venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@echo "adding what the tests need"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
