# make run       make the environment and start everything
# make test      lint, types, every test on SQLite, then those with a database on PostgreSQL where one answers
# make coverage  the same, and which lines were run: takes twice as long
# make fmt       format and mend what can be mended
# make lint      ruff and mypy
# make protos    generate the gRPC messages from the .proto files
# make pins      pin what the requirements bring along, after a change to one of the lists
# make bench     measure against hand-written SQL, on PostgreSQL
# make hooks     run the checks before each commit

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
WORKERS ?= 2
TEST_POSTGRESQL_URL ?= postgresql://postgres@127.0.0.1:5432/postgres
export TEST_POSTGRESQL_URL

# An environment is as old as the lists it was made from: their checksum names its stamp.
RUN_STAMP := .venv/run-$(shell cat requirements.txt | cksum | cut -d ' ' -f 1)
DEV_STAMP := .venv/dev-$(shell cat requirements.txt requirements-connectors.txt requirements-dev.txt | cksum | cut -d ' ' -f 1)
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test coverage lint fmt protos pins bench hooks clean

help:
	@sed -n 's/^# //p' Makefile | head -9

$(RUN_STAMP):
	@echo "Making the environment (.venv) with $$($(PYTHON) --version): this takes a minute or two, once"
	@$(PYTHON) -m venv .venv
	@$(INSTALL) -r requirements.txt
	@rm -f .venv/run-*
	@touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@echo "Adding what testing takes"
	@$(INSTALL) -r requirements-dev.txt -r requirements-connectors.txt
	@rm -f .venv/dev-*
	@touch $@

run: $(RUN_STAMP)
	@exec $(BIN)/python manage.py up

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .

fmt: $(DEV_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Its rewritten asserts are kept, whatever the environment says: they take a worker as long as all imports.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n $(WORKERS) --dist loadgroup -rfEs

# What touches no database is run once. With CI set the second run is not a question: without a server it fails.
test: lint
	DATABASE_URL= $(PYTEST) $(COVER)
	@if [ -n "$$CI" ] || $(BIN)/python -m tests.servers postgresql; then \
		echo "What touches the database, on PostgreSQL"; \
		DATABASE_URL=$$(echo "$$TEST_POSTGRESQL_URL" | sed 's#/[^/]*$$#/cartulary#') $(PYTEST) -m database $(COVER); \
	else \
		echo "The run on PostgreSQL is left out"; \
	fi

coverage: $(DEV_STAMP)
	$(BIN)/coverage erase
	$(MAKE) test COVER="--cov --cov-append --cov-report="
	$(BIN)/coverage report

protos: $(DEV_STAMP)
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. */protos/*.proto

pins:
	$(BIN)/python -m tests.pins

bench: $(DEV_STAMP)
	$(BIN)/python -m tests.bench

hooks: $(DEV_STAMP)
	$(BIN)/pre-commit install

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage htmlcov
