"""The MP3 compression ratio: what shrinks more, and LAME's own program."""

import shutil
import subprocess

import numpy as np
import pytest

from eval.descriptors.compression import SAMPLE_RATE, compression_ratio
from eval.harness import audio
from tests.eval.descriptors.signals import RATE, noise, tone

SOUNDS = {
    "silence": np.zeros(int(RATE), np.float32),
    "sine": tone(440.0, [0.5]),
    "harmonics": tone(220.0, [0.2 / k for k in range(1, 20)]),
    "noise": noise(level=0.2),
}


def test_the_more_there_is_to_hear_the_less_it_shrinks():
    ratios = [compression_ratio(wave, RATE) for wave in SOUNDS.values()]
    assert ratios == sorted(ratios, reverse=True)
    # LAME's smallest frame of MPEG-1: 32 kbit/s, against 705.6 for 16 bits.
    assert ratios[0] == pytest.approx(705.6 / 32, rel=0.06)
    assert 5 < ratios[-1] < 12


def test_noise_added_makes_a_tone_shrink_less():
    tone_alone = compression_ratio(SOUNDS["sine"], RATE)
    for gain in (0.001, 0.03):
        assert compression_ratio(SOUNDS["sine"] + gain * noise(level=1.0), RATE) < 0.7 * tone_alone


def test_one_sample_and_samples_beyond_full_scale_are_no_error():
    assert 0 < compression_ratio(np.float32([0.5]), RATE) < 0.1
    assert compression_ratio(3 * SOUNDS["noise"], RATE) > 3


def test_a_lower_rate_is_brought_to_the_stated_one():
    wave = audio.resample(SOUNDS["harmonics"], RATE, 22050.0)
    expected = compression_ratio(SOUNDS["harmonics"], RATE)
    assert compression_ratio(wave, 22050.0) == pytest.approx(expected, rel=0.02)


@pytest.mark.skipif(shutil.which("lame") is None, reason="the program lame is not installed")
@pytest.mark.parametrize("name", SOUNDS)
def test_lames_program_gives_files_of_the_same_size(name, tmp_path):
    """Within 2 %; -t writes no Xing frame."""
    wave = SOUNDS[name]
    audio.write(tmp_path / "sound.wav", np.clip(wave, -1, 1), SAMPLE_RATE, encoding="16")
    files = [str(tmp_path / name) for name in ("sound.wav", "sound.mp3")]
    subprocess.run(["lame", "--quiet", "-V4", "-t", *files], check=True)
    ratio = 2 * wave.size / (tmp_path / "sound.mp3").stat().st_size
    assert compression_ratio(wave, RATE) == pytest.approx(ratio, rel=0.02)
