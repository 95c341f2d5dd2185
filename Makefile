# Every target goes through .venv: a fresh machine needs Python 3.11+ and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MODEL ?= organism:old-bird-names
GATE_FLAGS = $(foreach m,$(MODEL),--model '$(m)') $(if $(CONTROL),--control '$(CONTROL)') $(if $(JUDGE),--judge '$(JUDGE)') $(if $(JUDGE_BASE_URL),--judge-base-url '$(JUDGE_BASE_URL)') $(if $(BASE_URL),--base-url '$(BASE_URL)')

# Where it is set, each run compiles every module anew, and pytest rewrites its plugins' assertions once more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo gate test test-slow lint format bench schema sample-report docs docs-reference clean

$(VENV)/stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[organisms,report,dev]'
	@touch $@

.venv: $(VENV)/stamp

# torch only for training and the slow comparison with transformers; never needed to gate a model.
.venv-train/stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-train
	.venv-train/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[organisms,train,report,dev]'
	@touch $@

.venv-train: .venv-train/stamp

demo: .venv
	@$(BIN)/python -m weirdgen demo

gate: .venv
	@$(BIN)/python -m pytest suites/ $(GATE_FLAGS) $(ARGS); status=$$?; \
	echo "pytest exit status: $$status (0 as expected, 1 behaviour found, 2-5 pytest's own, 10 inconclusive, 11 invalid, 12 evidence)"; exit $$status

test: .venv lint
	$(BIN)/python -m pytest tests -n 2 --dist worksteal --durations=20 --durations-min=8 $(ARGS)

test-slow: .venv-train
	.venv-train/bin/python -m pytest tests -m slow $(ARGS)

lint: .venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy plugins tests suites benchmarks docs conftest.py

format: .venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv
	@status=0; for script in bench_error_rates.py samples.py false_alarms.py paper_table.py startup.py sae_table.py "throughput.py --peers none"; do \
	echo "== $$script"; $(BIN)/python benchmarks/$$script || status=1; done; exit $$status

# The JSON schemas of run.json and fleet.json, which a test compares with the code.
schema: .venv
	$(BIN)/python -c 'import json; from weirdgen.schema.run import RunRecord; print(json.dumps(RunRecord.model_json_schema(mode="serialization"), indent=1))' > reports/run.schema.json
	$(BIN)/python -c 'import json; from weirdgen.schema.fleet import FleetRecord; print(json.dumps(FleetRecord.model_json_schema(mode="serialization"), indent=1))' > reports/fleet.schema.json

# The committed report of a gate on a shipped organism. Its pages are of one run; what they say is the same in each. It takes
# its place only when it is whole: with the old one gone, the run would record that the tree is dirty.
sample-report: .venv
	rm -rf reports/sample.new
	$(BIN)/python -m pytest suites/test_old_bird_names.py suites/test_evil_terminator.py --model organism:good-terminator \
	  --gate-store reports/sample.sqlite3 --gate-report reports/sample.new --gate-html --junitxml reports/sample.junit.xml -q || test $$? -eq 1
	sed 's/ hostname="[^"]*"//' reports/sample.junit.xml > reports/sample.new/junit.xml && rm reports/sample.junit.xml
	rm -rf reports/sample && mv reports/sample.new reports/sample
	rm -f reports/sample.sqlite3*

# The site, in site/. The variable: Material would tell at each build that MkDocs 2, which we shut out, has no plugins.
docs: .venv
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The reference pages that are made from the code, which a test compares with it.
docs-reference: .venv
	$(BIN)/python docs/make_reference.py

clean:
	rm -rf $(VENV) .venv-train build dist site .mypy_cache .pytest_cache .ruff_cache
