# Two commands are enough: `make demo` and `make test`. Both install what they need.

PYTHON ?= python3
PORT ?= 8000
REPO ?=
VENV := .venv
BIN := $(VENV)/bin
export PORT REPO

.PHONY: demo test check bench chaos chaos-deliveries format migrations lock clean help

help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 20

$(BIN)/python:
	@config/make-venv "$(PYTHON)" $(VENV)

$(VENV)/runtime: requirements.lock | $(BIN)/python
	@echo "Installing Plumbline's packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/development: requirements-dev.lock | $(BIN)/python
	@echo "Installing Plumbline's packages and the tools to check it"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/runtime

demo: $(VENV)/runtime  ## the whole app with a sample organisation, at http://127.0.0.1:$PORT
	@exec $(BIN)/python manage.py demo --port $(PORT) $(if $(REPO),--repo "$(REPO)")

test: $(VENV)/development  ## every test that can run here
	@config/with-tools $(BIN)/python -m pytest $(ARGS)

check: $(VENV)/development  ## lint, format, types, import contracts, templates, migrations, deployment checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	DEBUG=1 $(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	DEBUG=1 $(BIN)/python manage.py makemigrations --check --dry-run
	DEBUG=0 SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
	  ALLOWED_HOSTS=plumbline.example DATABASE_URL=postgres://check@localhost/check REDIS_URL=redis://localhost \
	  PLUMBLINE_SOURCE_KEYS=$$($(BIN)/python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())') \
	  PLUMBLINE_SEAL_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') EMAIL_URL=smtp://localhost:25 \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/development  ## how long things take, with figures
	@$(BIN)/python -m tests.bench $(ARGS)

chaos: $(VENV)/development  ## break things for real, count what is lost
	@$(BIN)/python -m pytest tests/chaos -m chaos -n 0 -q -s $(ARGS)
	@$(BIN)/python -m tests.chaos.everything
	@CHAOS_SEEDS=$${CHAOS_SEEDS:-3} $(BIN)/python -m tests.chaos.deliveries

chaos-deliveries: $(VENV)/development  ## 10,000 deliveries doubled, shuffled and late, for 50 seeds
	@$(BIN)/python -m tests.chaos.deliveries

format: $(VENV)/development  ## put every file into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migrations: $(VENV)/development  ## write the migrations that the models ask for
	$(BIN)/python manage.py makemigrations

lock:  ## renew the hash-locked requirements (needs uv)
	uv pip compile pyproject.toml --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --universal -q --upgrade -o requirements.lock
	uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --universal -q -c requirements.lock -o requirements-dev.lock

clean:  ## remove the environment and the demo's data
	@test ! -x $(BIN)/python || $(BIN)/python -c "import shutil; from config import embedded as e; shutil.rmtree(e.home('x').parent, ignore_errors=True)"
	rm -rf $(VENV) .plumbline staticfiles
