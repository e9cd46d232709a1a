"""The survey's file: what stands in it, and that its sounds are the ones given."""

import base64
import io
import json
import re

import numpy as np
import pytest
import soundfile

from eval.study.page import encoded, survey_page
from tests.eval.study.survey import PLAN, RATE, sounds, tone


def decoded(address):
    data = base64.b64decode(address.split(",", 1)[1])
    return soundfile.read(io.BytesIO(data))


def data_of(page):
    text = re.search(r'<script type="application/json" id="study">(.*?)</script>', page, re.S)[1]
    return json.loads(text)


def test_the_page_tells_neither_conditions_nor_what_checks_expect():
    page = survey_page(PLAN, sounds())
    study = data_of(page)
    assert {key for trial in study["trials"] for key in trial} == {"name", "sounds", "note"}
    assert "condition" not in page
    assert "expected" not in page
    assert study["version"] == PLAN.version
    assert len(study["orders"]) == 8


def test_the_page_asks_nothing_of_any_network():
    page = survey_page(PLAN, sounds())
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    assert "http" not in page.replace('http-equiv="Content-Security-Policy"', "")


def test_no_text_can_break_out_of_the_data():
    import dataclasses

    title = "</script><script>alert(1)</script><!--"
    page = survey_page(dataclasses.replace(PLAN, title=title), sounds())
    assert data_of(page)["title"] == title
    assert "alert(1)</script" not in page


def test_wav_is_exact_and_mp3_is_close():
    wave = tone(440, 1.0)
    exact, rate = decoded(encoded(wave, RATE, "wav"))
    assert rate == RATE
    np.testing.assert_allclose(exact, wave, atol=2**-15)
    close, rate = decoded(encoded(wave, RATE))
    assert rate == RATE
    # An encoder delays by a few hundred samples: compare spectra.
    ours, theirs = (
        np.abs(np.fft.rfft(one[2000:14000] * np.hanning(12000))) for one in (wave, close)
    )
    assert ours.argmax() == theirs.argmax()
    assert theirs.max() == pytest.approx(ours.max(), rel=0.02)


@pytest.mark.parametrize(
    ("rate", "kept"),
    [(8000, 16000), (20000, 22050), (44100, 44100), (96000, 48000), (11025.5, 16000)],
)
def test_rates_that_mp3_does_not_know_are_resampled(rate, kept):
    wave, found = decoded(encoded(tone(100, 0.3), rate))
    assert found == kept
    assert wave.size / found == pytest.approx(round(0.3 * RATE) / rate, abs=0.15)


def test_one_sample_is_a_sound():
    assert decoded(encoded(np.float32([0.5]), RATE, "wav"))[0].size == 1


@pytest.mark.parametrize(
    ("wave", "said"),
    [
        (np.zeros(0, "f4"), "finite and mono"),
        (np.float32([np.nan]), "finite and mono"),
        (np.float32([1.5]), "its peak is 1.5"),
    ],
)
def test_what_is_no_sound_is_refused(wave, said):
    with pytest.raises(ValueError, match=said):
        encoded(wave, RATE)


def test_a_sound_that_is_not_there_is_named():
    some = sounds()
    name, _ = some.popitem()
    with pytest.raises(ValueError, match=f"1 sounds of the plan are not there, such as {name}"):
        survey_page(PLAN, some)
