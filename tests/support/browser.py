"""Debian's headless Chromium, driven by selenium, for pages on this disk."""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
MISSING = [
    name
    for name, there in (
        ("chromium", CHROMIUM),
        ("chromedriver (Debian: chromium-driver)", DRIVER),
        ("selenium", find_spec("selenium")),
        ("axe-core-python", find_spec("axe_core_python")),
    )
    if not there
]
"""What a browser test needs and is not installed."""
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
_AXE = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then(
    (found) => done(found.violations.map((one) => [one.id, one.nodes.length, one.nodes[0].html])));
"""


@contextmanager
def chromium(profile: Path, *, scripts: bool = True) -> Iterator["Chrome"]:
    """Start a browser with an empty profile; `scripts` says whether pages may run any."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    browser = Chrome(options=options, service=Service(str(DRIVER)))
    try:
        yield browser
    finally:
        browser.quit()


def show(browser: "Chrome", page: Path, *, width: int = 1280, scheme: str = "light", media: str = "") -> None:
    """Open a page at a width of so many pixels, in a light or dark scheme, on screen or in print."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    browser.get("about:blank")
    requested(browser)  # of the tab's first page
    browser.get(page.as_uri())


def requested(browser: "Chrome") -> list[str]:
    """Return all addresses that were asked for since the last call, whether they were reached or not."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]  # type: ignore[no-untyped-call]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


def violations(browser: "Chrome") -> Sequence[Any]:
    """Return what axe finds wrong with the page that is shown, all of its parts opened."""
    from importlib.resources import files

    browser.set_script_timeout(120)
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true;")
    browser.execute_script((files("axe_core_python") / "axe.min.js").read_text(encoding="utf-8"))
    found: Sequence[Any] = browser.execute_async_script(_AXE)
    return found
