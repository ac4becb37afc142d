# Everything that people and machines do with this project. `make help` lists it; `.ci/run` runs `make test`.

PYTHON ?= python3
PORT ?= 8000
VENV := .venv/bin/python
# Tests that the database can make a difference to; the rest runs once, on SQLite.
NO_DATABASE := domain architecture browser adapters/test_photo adapters/test_pdf adapters/test_checklist \
	adapters/test_statistics adapters/test_storage services/test_checklist cli/test_checklist cli/test_run
export PORT

.DEFAULT_GOAL := help
.PHONY: help bootstrap system run test check lint types contracts unit bench drill-kill drill-phone tour format migration translations lock

help: ## Say what there is
	@echo "make …"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s%s\n", $$1, $$2}'

bootstrap: ## Make .venv from the hashed lock (a moment when nothing changed)
	@$(PYTHON) scripts/bootstrap.py

system: ## Make sure of the system's libraries and fonts (by apt where that needs no password)
	@$(PYTHON) scripts/system.py

run: bootstrap system ## Start web and worker on 127.0.0.1:$PORT (8000), with the demo chain at first
	@exec $(VENV) scripts/run.py

test: lint types contracts unit ## Check everything: style, types, import contracts, all tests on both databases

check: test ## The same

lint: bootstrap ## Style, by ruff
	@$(VENV) -m ruff check --quiet .
	@$(VENV) -m ruff format --check --quiet .

types: bootstrap ## Types, by mypy --strict
	@$(VENV) -m mypy --strict --no-error-summary auditapp scripts gunicorn.conf.py

contracts: bootstrap ## Who may import whom, by import-linter
	@found=$$(.venv/bin/lint-imports --no-logo --no-cache) || { echo "$$found"; exit 1; }

# The tests start the program often, and without bytecode each start would compile it anew. Three at a time on SQLite,
# also on two cores, because the browsers wait half of their time.
unit: export PYTHONDONTWRITEBYTECODE =
unit: bootstrap ## All tests, on PostgreSQL what concerns it, then everything on SQLite
	@$(PYTHON) scripts/system.py --tests
	@$(VENV) scripts/with_postgres.py $(VENV) -m pytest -n 2 $(NO_DATABASE:%=--ignore-glob=tests/%*)
	@$(VENV) -m pytest -n 3

bench: bootstrap system ## Measure what is promised about speed; one JSON line per figure
	@$(PYTHON) scripts/system.py --tests
	@set -e; for file in benchmarks/[a-z]*.py; do $(VENV) $$file; done

drill-kill: bootstrap system ## Kill the server twenty times while 200 visits are sent, on SQLite and on PostgreSQL
	@$(PYTHON) scripts/system.py --tests
	@$(VENV) benchmarks/drills/kill.py
	@$(VENV) scripts/with_postgres.py $(VENV) benchmarks/drills/kill.py

drill-phone: bootstrap system ## Kill the phone's browser twenty times in the middle of one visit
	@$(PYTHON) scripts/system.py --tests
	@$(VENV) benchmarks/drills/phone.py

tour: bootstrap ## Take the screenshots of docs/tour.md from the running demo
	@$(PYTHON) scripts/system.py --tests
	@$(VENV) scripts/tour.py

format: bootstrap ## Bring the code into the house's shape
	@$(VENV) -m ruff check --quiet --fix .
	@$(VENV) -m ruff format --quiet .

migration: bootstrap ## Write the migration to the models: NAME="visits get a colour", or INITIAL=1 before a release
	@$(VENV) scripts/migration.py $(if $(INITIAL),--initial,"$(NAME)")

translations: bootstrap ## Bring the catalogs in auditapp/translations up to the texts in the code
	@$(VENV) scripts/translations.py

lock: ## Resolve requirements*.in anew (needs uv); add UPGRADE=1 for newer versions
	@for name in requirements requirements-dev; do uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade) $$name.in -o $$name.txt; done
