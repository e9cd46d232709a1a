"""The page in a real Chromium, at a phone's size and at a desktop's."""

import pytest

from tests.browser import DESKTOP, PHONE, chromium, complaints, look
from tests.scripts.page.sample import DURATIONS_S, sample_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def window():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return sample_page().write(tmp_path_factory.mktemp("page") / "index.html")


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def seen(request, window, path):
    return look(window, path, request.param)


def test_nothing_to_complain_about(seen):
    assert complaints(seen) == []


def test_sounds_have_their_length_and_name(seen):
    assert [audio["duration"] for audio in seen["audio"]] == pytest.approx(DURATIONS_S, abs=1e-3)
    assert all(audio["name"].startswith("Play ") for audio in seen["audio"])


def test_pictures_drawings_and_tables_are_there(seen):
    assert len(seen["images"]) == 3
    assert all(min(image["shown"]) >= 100 for image in seen["images"])
    assert len(seen["drawings"]) == 2
    assert seen["tables"] == [2, 1, 2, 1, 3]


def test_complaints_are_found(window, tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        "<!DOCTYPE html><meta name=viewport content='width=device-width'>"
        "<body><div style='width:900px;font-size:9px'>wide and small</div><img src='data:,x'>"
        "<audio src='data:audio/flac;base64,AAAA'></audio><script>missing()</script>"
    )
    said = "\n".join(complaints(look(window, page, PHONE)))
    for complaint in ("wider", "sideways", "do not play", "broken", "smaller", "console"):
        assert complaint in said


def test_open_patches_fit_the_phone(window, path):
    look(window, path, PHONE)
    window.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    width = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scrolled, shown = window.execute_script(width)
    assert scrolled == shown == PHONE[0]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(window, path, dark):
    """Contrast by the formula of WCAG 2.1: at least 4.5 for text of normal size (its level AA)."""
    look(window, path, DESKTOP, dark=dark)
    pairs = window.execute_script(
        """
        const ground = element => {
          for (let e = element; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (colour !== 'rgba(0, 0, 0, 0)') return colour;
          }
        };
        return [...document.body.querySelectorAll('*')]
          .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
          .map(e => [e.textContent.slice(0, 30), getComputedStyle(e).color, ground(e)]);
        """
    )
    assert len(pairs) > 50
    for text, ink, paper in pairs:
        assert contrast(ink, paper) >= 4.5, f"{text!r}: {ink} on {paper}"


def contrast(first: str, second: str) -> float:
    """WCAG 2.1's ratio of relative luminances of two colours written rgb(r, g, b)."""
    darker, lighter = sorted(map(luminance, (first, second)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
