"""What the file holds, read back with the standard library's parser and with libsndfile."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import soundfile
from PIL import Image

from scripts.runtime.page import Page
from scripts.runtime.page.chart import curve
from scripts.runtime.page.element import VOID, Markup, join, tag
from scripts.runtime.page.media import audio_uri, log_spectrogram, spectrogram_uri
from scripts.runtime.page.plot import linear_ticks
from scripts.runtime.page.table import number, patch, table
from tests.scripts.page.sample import DURATIONS_S, HOSTILE, SAMPLE_RATE, sample_page, tone

ADDRESSES = {"src", "href", "srcset", "poster", "data", "action", "xlink:href"}


class Elements(HTMLParser):
    """Every element with its attributes and text; fails where tags do not nest."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(attrs) == len(dict(attrs)), f"an attribute twice in <{tag}>"
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)

    def attributes(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == name]


@pytest.fixture(scope="module")
def text() -> str:
    return sample_page().render()


@pytest.fixture(scope="module")
def elements(text) -> Elements:
    return Elements(text)


def payload(uri: str | None) -> bytes:
    assert uri is not None
    return base64.b64decode(uri.split(";base64,")[1], validate=True)


def test_file_needs_nothing_beside_it(text, elements):
    for name, attributes in elements.found:
        for address in ADDRESSES & attributes.keys():
            assert (attributes[address] or "").startswith("data:"), f"{name} {address}"
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[\w+/=]+", "", text))
    assert not {"script", "iframe", "object", "embed", "base"} & {
        name for name, _ in elements.found
    }


def test_content_policy_forbids_the_network(elements):
    (policy,) = [
        attributes["content"]
        for attributes in elements.attributes("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert "default-src 'none'" in policy
    assert "media-src data:" in policy


def test_every_text_is_escaped(text, elements):
    assert "<script" not in text
    assert sum(HOSTILE in part for part in elements.texts) >= 2


def test_sounds_come_back(elements):
    players = elements.attributes("audio")
    assert len(players) == len(DURATIONS_S)
    for player, duration_s in zip(players, DURATIONS_S, strict=True):
        assert "controls" in player
        wave, rate = soundfile.read(io.BytesIO(payload(player["src"])))
        assert (rate, len(wave)) == (SAMPLE_RATE, round(SAMPLE_RATE * duration_s))
    np.testing.assert_allclose(wave, tone(440, DURATIONS_S[2]), atol=1 / 32767)


def test_pictures_have_words(elements):
    for picture in elements.attributes("img"):
        assert picture["alt"]
        Image.open(io.BytesIO(payload(picture["src"]))).verify()
    for drawing in elements.attributes("svg"):
        assert drawing["role"] == "img"
        assert drawing["aria-label"]


def test_download_holds_the_patch(elements):
    links = [link for link in elements.attributes("a") if "download" in link]
    assert {link["download"] for link in links} == {"patch.yaml"}
    assert payload(links[0]["href"]) == b"version: 1\n"


def test_write_makes_the_folder_and_gives_the_path(tmp_path, text):
    path = sample_page().write(tmp_path / "new" / "index.html")
    assert path.read_text("utf-8") == text
    assert [file.name for file in path.parent.iterdir()] == ["index.html"]


def test_page_needs_a_title():
    with pytest.raises(ValueError, match="title"):
        Page("  ")


@pytest.mark.parametrize("hz", [55.0, 440.0, 1000.0, 9000.0])
@pytest.mark.parametrize("sample_rate", [22_050, 48_000])
def test_tone_stands_at_its_frequency(hz, sample_rate):
    time = np.arange(sample_rate) / sample_rate
    levels, (low, high) = log_spectrogram(np.sin(2 * np.pi * hz * time), sample_rate)
    assert high == min(sample_rate / 2, 20_000)
    row = levels[:, levels.shape[1] // 2].argmax()
    found = low * (high / low) ** ((row + 0.5) / levels.shape[0])
    # Half a row, or a bin of a window of 64 ms where that is wider.
    assert abs(found - hz) <= max(hz * ((high / low) ** (0.5 / levels.shape[0]) - 1), 1 / 0.064)


def test_click_stands_at_its_time():
    wave = np.zeros(48_000)
    wave[12_000] = 1
    levels, _ = log_spectrogram(wave, 48_000)
    loudest = levels.max(axis=0).argmax() / (levels.shape[1] - 1)
    assert loudest == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("n_samples", [1, 2, 100])
def test_shortest_sounds_have_a_spectrogram(n_samples):
    levels, _ = log_spectrogram(np.ones(n_samples), 48_000)
    assert np.isfinite(levels).all()


def test_silence_is_black_and_loudest_is_bright():
    silent, _ = log_spectrogram(np.zeros(48_000), 48_000)
    picture = Image.open(io.BytesIO(payload(spectrogram_uri(silent)))).convert("L")
    assert np.asarray(picture).max() == 0
    loud, _ = log_spectrogram(tone(440, 1), SAMPLE_RATE)
    picture = Image.open(io.BytesIO(payload(spectrogram_uri(loud)))).convert("L")
    shades = np.asarray(picture).max(axis=1)
    assert shades.max() > 200
    assert len(shades) - 1 - shades.argmax() == loud.max(axis=1).argmax()


@pytest.mark.parametrize(
    ("wave", "sample_rate", "message"),
    [
        (np.array([0.0, 1.5]), 48_000, "peak is 1.5"),
        (np.array([0.0, np.nan]), 48_000, "not finite"),
        (np.zeros(0), 48_000, "not empty"),
        (np.zeros((2, 3, 4)), 48_000, "n_samples"),
        (np.zeros(4), 44_100.5, "whole sample rate"),
    ],
)
def test_sound_that_a_file_cannot_hold(wave, sample_rate, message):
    with pytest.raises(ValueError, match=message):
        audio_uri(wave, sample_rate)


def test_two_channels():
    stereo = np.stack([tone(220, 0.5), -tone(220, 0.5)])
    wave, _ = soundfile.read(io.BytesIO(payload(audio_uri(stereo, SAMPLE_RATE))))
    np.testing.assert_allclose(wave.T, stereo, atol=1 / 32767)


def test_curve_goes_through_its_values():
    drawn = Elements(curve([1.0, 3.0, 2.0], "distance", "generation"))
    points = drawn.attributes("polyline")[0]["points"]
    x, y = np.array([pair.split(",") for pair in (points or "").split()], float).T
    np.testing.assert_allclose(x, [0, 320, 640])
    assert y[0] > y[2] > y[1]  # down is larger in SVG
    assert "from 1 to 2" in (drawn.attributes("svg")[0]["aria-label"] or "")


def test_long_curve_is_thinned_and_keeps_its_end():
    drawn = Elements(curve(np.linspace(0, 1, 12_345), "score"))
    points = (drawn.attributes("polyline")[0]["points"] or "").split()
    assert len(points) <= 402
    assert points[-1].startswith("640.0,")


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [-3e-9, 2e9]])
def test_unusual_curves(values):
    Elements(curve(values, "score"))


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf]])
def test_curve_refuses_what_has_no_place(values):
    with pytest.raises(ValueError, match="finite"):
        curve(values, "score")


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 2, ["0.0", "0.5", "1.0", "1.5", "2.0"]),
        (0, 1, ["0.00", "0.25", "0.50", "0.75", "1.00"][::2]),
        (1, 300, ["100", "200", "300"]),
        (-1e4, 1e4, ["-10,000", "-5,000", "0", "5,000", "10,000"]),
    ],
)
def test_ticks_are_round(low, high, texts):
    ticks = linear_ticks(low, high)
    assert len(ticks) <= 5
    if low == 0 and high == 1:
        assert [tick.text for tick in ticks] == ["0.0", "0.5", "1.0"]
    else:
        assert [tick.text for tick in ticks] == texts
    assert all(-1e-9 <= tick.position <= 1 + 1e-9 for tick in ticks)


def test_table_says_which_row_does_not_fit():
    with pytest.raises(ValueError, match="1 values under 2 columns"):
        table(["a", "b"], [["x", 1], ["y"]])


def test_patch_groups_by_module():
    drawn = Elements(
        patch([("vco", "tuning", 1, ""), ("vco", "shape", 0, ""), ("lfo", "f", 2, "Hz")], "P")
    )
    assert len(drawn.attributes("table")) == 2
    assert "3 parameters" in drawn.texts
    with pytest.raises(ValueError, match="no parameters"):
        patch([], "P")


@pytest.mark.parametrize("value", [1e-5, 0.123456, 9.99996, 1234.56, 1e7, -273.15, 0.0])
def test_numbers_keep_four_digits(value):
    assert float(number(value)) == pytest.approx(value, rel=5e-4)


def test_elements():
    assert tag("p", "a < b", class_="x y") == '<p class="x y">a &lt; b</p>'
    assert tag("img", alt='"') == '<img alt="&quot;">'
    assert tag("audio", controls=True, loop=False, src=None) == "<audio controls></audio>"
    assert join("<", Markup("<br>"), None, 1) == "&lt;<br>1"
    assert Markup("<br>") + "<" == "<br>&lt;"
    with pytest.raises(ValueError, match="no contents"):
        tag("img", "x")
    with pytest.raises(ValueError, match="name"):
        tag("p onclick=x")
    with pytest.raises(ValueError, match="name"):
        tag("p", **{"a b": 1})
