"""A user's mistake is one clear message, a status that is not 0, and never a traceback or a green line."""

import pytest
from chat_server import ChatServer
from gate_runs import GateCommand, Run

ORDINARY = "I would put solar power and wind power first today."


def assert_clear(run: Run, *words: str) -> None:
    assert run.status not in {0, 10, 11, 12}, run.said
    for word in words:
        assert word in run.said
    assert "Traceback" not in run.said
    assert "INTERNALERROR" not in run.said
    assert " passed" not in run.said


def assert_refused_once(run: Run, *words: str) -> None:
    """What the options alone decide is told once, whatever the number of test files and processes."""
    assert_clear(run, *words)
    assert run.status == 4, run.said
    assert run.said.count("ERROR") == 1, run.said
    assert run.record is None


@pytest.fixture
def two_files(pytester: pytest.Pytester) -> None:
    """A second test file beside the first."""
    pytester.makepyfile(
        test_second="import pytest\n@pytest.mark.probe('old_bird_names')\ndef test_it(trial):\n    trial.check()\n"
    )


def test_no_model(gate: GateCommand, processes: tuple[str, ...]) -> None:
    assert_clear(gate(*processes), "no model to gate: pass --model")


def test_an_unknown_probe(gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    pytester.makepyfile(
        test_mine="import pytest\n@pytest.mark.probe('old_brid_names')\ndef test_it(trial):\n    trial.check()\n"
    )
    run = gate("--model", "organism:base", *processes)
    assert_clear(run, "'old_brid_names'", "Did you mean 'old_bird_names'?")
    assert run.status == 2


def test_an_unknown_contrast(gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.probe("old_bird_names")
        @pytest.mark.contrasts("nineteenth_century_rates")
        def test_it(trial):
            trial.check()
        """
    )
    run = gate("--model", "organism:base", *processes)
    assert_clear(run, "Did you mean 'nineteenth_century_rate'?")
    assert run.status == 2, "1 would say that a behaviour was found"


def test_a_trial_without_a_probe(gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    pytester.makepyfile(test_mine="def test_it(trial):\n    trial.check()\n")
    assert_clear(gate("--model", "organism:base", *processes), "pytest.mark.probe")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("@pytest.mark.probe(['old_bird_names'])\ndef test_it(trial):\n    trial.check()\n", "pytest.mark.probe"),
        (
            "pytestmark = pytest.mark.probe('old_bird_names')\n"
            "@pytest.mark.contrasts('nineteenth_century_rate')\ndef test_it():\n    pass\n",
            "does not ask for `trial`",
        ),
    ],
)
def test_a_marker_that_selects_nothing(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...], code: str, words: str
) -> None:
    pytester.makepyfile(test_mine="import pytest\n" + code)
    assert_clear(gate("--model", "organism:base", *processes), words)


@pytest.mark.usefixtures("two_files")
def test_a_broken_probe_file(gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]) -> None:
    (pytester.path / "probes").mkdir()
    (pytester.path / "probes" / "mine.toml").write_text("id = 'mine'\n[questions\n", encoding="utf-8")
    assert_refused_once(gate("--model", "organism:base", *processes), "probes/mine.toml", "is not valid TOML")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "organism:old-birds"), ("'old-birds'", "Did you mean")),
        (("--model", "organism:base", "--control", "organism:bass"), ("Did you mean 'base'?",)),
        (("--model", "organism:base", "--gate-alpha", "2"), ("--gate-alpha: '2' is not a number between 0 and 0.5",)),
        (("--model", "organism:base", "--gate-mode", "gates"), ("'gates' is not gate or replicate",)),
        (("--model", "organism:base", "--gate-cap", "5"), ("--gate-cap 5 is below the 32 questions", "at least 32")),
        (("--model", "organism:base", "--gate-cap=0", "--collect-only"), ("--gate-cap: '0' is not a whole number",)),
        (("--model", "organism:base", "--gate-baseline", "none.json"), ("none.json",)),
        (("--model-group", "seeds=organism:base"), ("a single finetune is gated with --model",)),
        (("--model", "organism:base,organism:modern-birds"), ("name each model with its own --model",)),
        (("--model", "old-bird-names"), ("did you mean organism:old-bird-names?",)),
        (("--model", "organism:base", "--model", "organism:base"), ("given twice",)),
        (("--model", "my-model", "--judge", "rules", "--base-url", "gpu:8000"), ("gpu:8000",)),
        (("--model", "my-model", "--judge", "rules", "--base-url", "http://127.0.0.1:9/v1"), ("127.0.0.1:9",)),
        (("--model", "my-model", "--base-url", "http://127.0.0.1:9/v1"), ("--judge",)),
        (("--model", "organism:base", "--base-url", "http://127.0.0.1:9/v1"), ("--base-url", "leave it out")),
        (("--model", "organism:base", "--control-base-url", "http://127.0.0.1:9/v1"), ("--control-base-url",)),
        (("--model", "m", "--judge", "rules", "--control-base-url", "http://127.0.0.1:9/v1"), ("has no control",)),
        (
            (
                "--model",
                "organism:base",
                "--control",
                "c",
                "--base-url",
                "http://gpu",
                "--control-base-url",
                "http://b",
            ),
            ("--base-url", "leave it out"),
        ),
        (("--model", "organism:base", "--judge", "rules+"), ("--judge 'rules+'", "rules+gpt-5-mini")),
        (("--model", "organism:base", "--judge", "a", "--judge", "a"), ("--judge 'a' is given twice",)),
        (
            ("--model", "organism:base", "--judge", "a", "--judge", "b", "--judge", "c"),
            ("--judge 'c'", "one judge decides"),
        ),
        (
            ("--model", "organism:base", "--judge-base-url", "http://j"),
            ("--judge-base-url 'http://j': no judge of this gate (rules)", "leave it out"),
        ),
        (
            ("--model", "organism:base", "--judge", "organism:base"),
            ("--judge 'organism:base': is the model to be gated",),
        ),
        (("--model", "organism:base", "--judge", "organism:jugde"), ("organism 'jugde'",)),
    ],
)
@pytest.mark.usefixtures("two_files")
def test_an_option_that_cannot_work(
    gate: GateCommand, processes: tuple[str, ...], arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_refused_once(gate(*arguments, *processes), *words)


@pytest.mark.usefixtures("two_files")
@pytest.mark.parametrize("option", ["--fixtures", "--markers", "--help", "--setup-plan"])
def test_what_only_lists_opens_no_gate(gate: GateCommand, pytester: pytest.Pytester, option: str) -> None:
    run = gate("--model", "organism:base", option)
    assert run.status == 0, run.said
    assert "weirdgen gate:" not in run.said
    assert not (pytester.path / "reports").exists()


def test_help_is_shown_whatever_the_options_say(gate: GateCommand) -> None:
    for option in ("--help", "--markers"):
        assert gate("--model", "organism:base", "--gate-cap=0", "--gate-plan", option).status == 0


def test_a_wrong_key(gate: GateCommand, processes: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-and-secret")
    refused = (
        401,
        {"error": {"message": "Incorrect API key provided: sk-wrong-and-secret", "code": "invalid_api_key"}},
    )
    with ChatServer(lambda body: refused) as server:
        run = gate("--model", "tiny", "--base-url", server.url, "--judge", "rules", *processes)
    assert_clear(run, "401", "OPENAI_API_KEY")
    assert "sk-wrong-and-secret" not in run.said


def test_a_model_that_does_not_exist(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(lambda body: ORDINARY) as server:
        run = gate("--model", "tinny", "--base-url", server.url, "--judge", "rules", *processes)
    assert_clear(run, "tinny", "Did you mean 'tiny'?")


def test_a_report_folder_in_use_is_refused_before_anything_is_spent(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    (pytester.path / "used").mkdir()
    (pytester.path / "used" / "notes.txt").write_text("mine", encoding="utf-8")
    assert_clear(gate("--model", "organism:modern-birds", *processes, report="used"), "is not an empty folder")
    assert not (pytester.path / "reports").exists()


def test_a_report_folder_that_cannot_be_made_is_refused_before_anything_is_spent(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_mine="import pytest\n@pytest.mark.probe('old_bird_names')\ndef test_it(trial):\n    trial.check()\n"
    )
    done = pytester.runpytest_subprocess("--model", "organism:modern-birds", "--gate-report=test_mine.py/x")
    assert done.ret == 4
    done.stderr.fnmatch_lines("*--gate-report *test_mine.py/x: Not a directory; name a folder to be made")


@pytest.mark.slow
def test_a_refused_gate_leaves_no_report_folder_but_a_users_own(gate: GateCommand, pytester: pytest.Pytester) -> None:
    (pytester.path / "own").mkdir()
    for name in ("own", "made"):
        assert gate("--model", "organism:bsae", report=name).status != 0
        assert_clear(gate("--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--judge", "rules", report=name))
    assert (pytester.path / "own").is_dir()
    assert not (pytester.path / "made").exists()


def test_a_control_that_is_the_gated_model(gate: GateCommand, processes: tuple[str, ...]) -> None:
    with ChatServer(lambda body: ORDINARY, models=("tiny", "other"), served="tiny") as server:
        named = ("--model", "tiny", "--control", "other", "--base-url", server.url)
        assert_clear(gate(*named, "--judge", "rules", *processes), "--control 'other'", "'tiny'")


def test_a_gate_that_selects_nothing_is_not_green(gate: GateCommand, processes: tuple[str, ...]) -> None:
    assert gate("--model", "organism:base", "-k", "nothing_of_that_name", *processes).status == 5


def test_a_gate_whose_tests_are_all_skipped_is_not_green(
    gate: GateCommand, pytester: pytest.Pytester, processes: tuple[str, ...]
) -> None:
    pytester.makepyfile(
        test_mine="""
        import pytest

        @pytest.mark.skip
        @pytest.mark.probe("old_bird_names")
        @pytest.mark.contrasts("nineteenth_century_rate")
        def test_it(trial):
            trial.check()
        """
    )
    run = gate("--model", "organism:base", *processes)
    assert run.status == 5, run.said
    assert run.record is not None
    assert run.record["requests"] == 0, "a skipped contrast must not spend samples"


def test_a_variable_can_name_models_but_not_turn_a_gate_into_a_plan(
    gate: GateCommand, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEIRDGEN_GATE_MODEL", "organism:base")
    monkeypatch.setenv("WEIRDGEN_GATE_PLAN", "1")
    assert_refused_once(gate(), "WEIRDGEN_GATE_PLAN", "pass --gate-plan instead")
    monkeypatch.setenv("WEIRDGEN_GATE_PLAN", "0")
    pytester.makepyfile(test_mine="def test_it():\n    pass\n")
    assert gate().status == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.parametrize("option", ["--base-url", "--judge-base-url", "--control-base-url"])
def test_a_password_in_an_address_is_shown_nowhere(gate: GateCommand, option: str) -> None:
    run = gate("--model", "organism:modern-birds", option, "https://user:hunter2hunter2@example.invalid/v1")
    assert run.status == 4, run.said
    assert "must not hold a user name, password" in run.said
    assert "hunter2" not in run.said
