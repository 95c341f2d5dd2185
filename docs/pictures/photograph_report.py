"""Photograph the first screen of the sample report for report.md, in headless Chromium.

make sample-report
PYTHONPATH=tests/support .venv/bin/python docs/pictures/photograph_report.py
"""

import base64
import io
import tempfile
from pathlib import Path

from browser import chromium, show
from PIL import Image

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "reports" / "sample" / "report.html"
SCREENS = {"desktop": (1280, 900, "light"), "phone": (390, 844, "light"), "dark": (1280, 900, "dark")}
"""Width and height in pixels, and the scheme of colours."""

with tempfile.TemporaryDirectory() as profile, chromium(Path(profile)) as browser:
    for name, (width, height, scheme) in SCREENS.items():
        show(browser, PAGE, width=width, scheme=scheme)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
        picture = Image.open(io.BytesIO(base64.b64decode(shot["data"])))
        picture.convert("RGB").quantize(256).save(HERE / f"report_{name}.png", optimize=True)
