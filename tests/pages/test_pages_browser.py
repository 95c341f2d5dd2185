"""The page in a real browser: nothing of a hostile model runs, nothing leaves, and everybody can read it."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import MISSING, chromium, requested, show, violations
from run_records import full_verdict, plan, record, texts
from silence import Listener

from weirdgen.pages.report import report_page
from weirdgen.schema.verdict import Excerpt, Outcome

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
LONG = "pneumonoultramicroscopicsilicovolcanoconiosis" * 12


@pytest.fixture(scope="module")
def url() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/x"


@pytest.fixture(scope="module")
def attack(url: str) -> str:
    return (
        f"\"'></pre></style></script><script>document.title='owned'; fetch('{url}')</script>"
        f"<img src='{url}' onerror=\"document.title='owned'\"><svg onload=\"document.title='owned'\"></svg>"
        f"<link rel=stylesheet href='{url}'><style>@import '{url}'; body{{background:url('{url}')}}</style>"
        f"<iframe src='{url}'></iframe><meta http-equiv=refresh content='0;url={url}'><base href='{url}'>{LONG}\u202e"
    )


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, attack: str) -> Path:
    excerpt = Excerpt(key="k", question=attack, label=attack, text=attack)
    verdicts = (
        full_verdict(
            Outcome.PRESENT, excerpts=(excerpt,), claim=attack, rule=attack, detail=attack, model=f"m{attack}"
        ),
        full_verdict(Outcome.ABSENT, "d" * 120),
        full_verdict(Outcome.INCONCLUSIVE, "e", reason="cap"),
        full_verdict(Outcome.INVALID, "f", reason="coverage", arms=()),
    )
    made = record(*verdicts, plan=plan(models=("m", f"m{attack}")), warnings=(attack,), not_run=(f"m {attack}/c",))
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(made, texts(made, attack)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Chrome"]:
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def test_nothing_of_a_hostile_model_runs_and_no_request_leaves(browser: "Chrome", page: Path, url: str) -> None:
    with Listener(url) as listener:
        show(browser, page)
        browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true;")
        assert browser.title.startswith("No: weirdgen report of m")
        assert requested(browser) == [page.as_uri()]
        assert listener.connections == 0


def test_a_request_would_be_seen(browser: "Chrome", page: Path, url: str, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    open_page = tmp_path / "open.html"
    without = text.replace("Content-Security-Policy", "X-Nothing").replace("</body>", f"<img src='{url}'></body>")
    open_page.write_text(without, encoding="utf-8")
    with Listener(url) as listener:
        show(browser, open_page)
        assert url in requested(browser)
    assert listener.connections > 0


def test_the_policy_stops_what_escaping_would_let_through(
    browser: "Chrome", page: Path, url: str, attack: str, tmp_path: Path
) -> None:
    text = page.read_text(encoding="utf-8")
    slipped = tmp_path / "slipped.html"
    inside = "<script>document.title='owned'</script>" + f"<img src='{url}' onerror=\"document.title='owned'\">"
    slipped.write_text(text.replace("<main", f"{inside}<main", 1), encoding="utf-8")
    with Listener(url) as listener:
        show(browser, slipped)
        assert browser.title.startswith("No: weirdgen report")
    assert listener.connections == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(browser: "Chrome", page: Path, scheme: str, width: int) -> None:
    show(browser, page, width=width, scheme=scheme)
    assert violations(browser) == []


@pytest.mark.parametrize("width", [390, 320])
def test_a_phone_does_not_scroll_sideways(browser: "Chrome", page: Path, width: int) -> None:
    show(browser, page, width=width)
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true;")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


def test_filters_leave_what_fits(browser: "Chrome", page: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select

    show(browser, page)
    boxes = browser.find_elements(By.CSS_SELECTOR, "#filters select")
    assert [box.accessible_name.strip() for box in boxes] == ["contrast", "arm", "label", "question"]
    Select(boxes[2]).select_by_visible_text("archaic")
    Select(boxes[1]).select_by_visible_text("comparator")
    shown = [one for one in browser.find_elements(By.CSS_SELECTOR, ".shelf") if one.is_displayed()]
    assert {(one.get_attribute("data-label"), one.get_attribute("data-arm")) for one in shown} == {
        ("archaic", "comparator")
    }
    status = browser.find_element(By.CSS_SELECTOR, "#filters [role=status]").text
    answers = [one for one in browser.find_elements(By.CSS_SELECTOR, ".answers li") if one.is_displayed()]
    assert status == f"{len(answers)} answers"


def test_it_is_readable_without_scripts(page: Path, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By

    with chromium(tmp_path, scripts=False) as browser:
        show(browser, page)
        assert "No" in browser.find_element(By.CSS_SELECTOR, ".banner .word").text
        assert not browser.find_element(By.ID, "filters").is_displayed()
        for part in browser.find_elements(By.CSS_SELECTOR, "#answers > details:not([open]) > summary"):
            part.click()
        answers = browser.find_elements(By.CSS_SELECTOR, ".answers pre")
        assert len(answers) > 20
        assert all("<script>document.title" in one.text for one in answers)


def test_on_paper_the_answer_and_the_tables_stay(browser: "Chrome", page: Path) -> None:
    from selenium.webdriver.common.by import By

    show(browser, page, scheme="dark", media="print")
    assert browser.find_element(By.CSS_SELECTOR, ".banner .word").is_displayed()
    assert browser.find_element(By.CSS_SELECTOR, "table.contrasts").is_displayed()
    assert not browser.find_element(By.ID, "answers").is_displayed()
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert back == "rgb(255, 255, 255)"
