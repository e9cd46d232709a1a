"""A page as a real Chromium shows it, without a window: for tests marked `browser`.

Needs Debian's packages chromium and chromium-driver (or another Chromium with its driver on the
path). Nothing is fetched: both programs are named to selenium, which else looks for them online.
"""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.support.ui import WebDriverWait

PHONE = (390, 844)
DESKTOP = (1280, 900)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AUDIO_READY = """
return [...document.querySelectorAll('audio')].every(a => a.readyState >= 1 || a.error)
"""
SEEN = """
const root = document.documentElement;
const overflowing = [...document.body.querySelectorAll('*')].filter(element => {
  const box = element.getBoundingClientRect();
  const scrolls = element.parentElement.closest('.scroll');
  return box.width > 0 && !scrolls && (box.right > root.clientWidth + 1 || box.left < -1);
});
return {
  width: root.clientWidth,
  scroll_width: root.scrollWidth,
  overflowing: overflowing.map(e => e.tagName + '.' + e.getAttribute('class')),
  audio: [...document.querySelectorAll('audio')].map(a => (
    {ready: a.readyState, duration: a.duration, controls: a.controls, width: a.clientWidth,
     name: a.getAttribute('aria-label')})),
  images: [...document.querySelectorAll('img')].map(i => (
    {complete: i.complete, width: i.naturalWidth, alt: i.alt,
     shown: [i.clientWidth, i.clientHeight]})),
  drawings: [...document.querySelectorAll('svg')].map(s => s.getAttribute('aria-label')),
  tables: [...document.querySelectorAll('table')].map(t => t.rows.length),
  smallest_text: Math.min(...[...document.body.querySelectorAll('*')]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => parseFloat(getComputedStyle(e).fontSize))),
  fetched: performance.getEntriesByType('resource').map(r => r.name)
    .filter(n => !n.startsWith('data:')),
};
"""


@dataclass(frozen=True)
class Seen:
    """What the browser made of a page: see SEEN; errors are its console's, warnings included."""

    facts: dict[str, Any]
    errors: list[str]

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


def complaints(seen: Seen) -> list[str]:
    """What a visitor would be right to complain about, on any page and at any size."""
    broken_sounds = [
        audio for audio in seen["audio"] if audio["ready"] < 1 or not audio["controls"]
    ]
    bad_images = [image for image in seen["images"] if not (image["width"] and image["alt"])]
    found = {
        "wider than the screen": seen["overflowing"],
        "the page scrolls sideways": [seen["scroll_width"]]
        * (seen["scroll_width"] > seen["width"]),
        "sounds that do not play": broken_sounds,
        "players too narrow to use": [a for a in seen["audio"] if a["width"] < 200],
        "pictures that are broken or have no words": bad_images,
        "drawings without words": [label for label in seen["drawings"] if not label],
        "text smaller than 12 px": [seen["smallest_text"]] * (seen["smallest_text"] < 12),
        "fetched": seen["fetched"],
        "the console says": seen.errors,
    }
    return [f"{what}: {details}" for what, details in found.items() if details]


@contextmanager
def chromium() -> Iterator[Chrome]:
    """A browser for the block; the test is skipped where there is none."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("no Chromium with its driver: apt-get install chromium chromium-driver")
    options = ChromeOptions()
    options.binary_location = browser
    # In a container: no user namespaces for the sandbox, and a small /dev/shm.
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = Chrome(options=options, service=ChromeService(executable_path=driver))
    try:
        yield window
    finally:
        window.quit()


def look(
    window: Chrome,
    page: Path,
    size: tuple[int, int],
    dark: bool = False,
    screenshot: Path | None = None,
) -> Seen:
    """Opens a file at a screen size (width, height in CSS pixels) and waits for its sounds.

    screenshot is where to write a picture of the whole page, as long as it is.
    """
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": width < 600}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    window.get(page.resolve().as_uri())
    WebDriverWait(window, 20).until(lambda shown: shown.execute_script(AUDIO_READY))
    facts = window.execute_script(SEEN)
    if screenshot is not None:
        save(window, screenshot)
    return Seen(facts, [entry["message"] for entry in window.get_log("browser")])


def save(window: Chrome, screenshot: Path) -> None:
    """Writes a picture of the whole page."""
    options = {"format": "png", "captureBeyondViewport": True}
    picture = window.execute_cdp_cmd("Page.captureScreenshot", options)["data"]
    screenshot.write_bytes(base64.b64decode(picture))
