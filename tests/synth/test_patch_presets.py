"""Factory presets are there, are heard, and sound like what they say."""

import numpy as np
import pytest

from synth.patch import PatchError
from synth.patches.presets import load_preset, preset_names


def spectrum(audio, start_s, duration_s=0.05, rate=48000):
    """Frequencies in Hz and magnitudes of a windowed part of a sound."""
    part = np.asarray(audio)[round(start_s * rate) :][: round(duration_s * rate)]
    return np.fft.rfftfreq(len(part), 1 / rate), np.abs(np.fft.rfft(part * np.hanning(len(part))))


def peak_hz(audio, start_s):
    """The strongest frequency of a part of a sound."""
    frequencies, magnitudes = spectrum(audio, start_s)
    return frequencies[magnitudes.argmax()]


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_heard_and_ends(name):
    patch = load_preset(name)
    audio = np.asarray(patch.render())
    assert patch.name
    assert patch.metadata["about"]
    assert 0.3 < np.abs(audio).max() <= 1
    assert np.abs(audio[-480:]).max() < (0.1 if name != "drone" else 1), "fades at the end"
    rows = {f"{row.module}.{row.parameter}": row.value for row in patch.rows()}
    assert all(value == round(value, 4) for key, value in rows.items() if "phase" not in key)


def test_presets_are_what_they_are_called():
    kick, hat, laser, siren = (
        load_preset(name).render() for name in ("kick", "hi_hat", "laser", "siren")
    )
    assert peak_hz(kick, 0.0) > 1.5 * peak_hz(kick, 0.15)
    assert 30 < peak_hz(kick, 0.15) < 60
    frequencies, magnitudes = spectrum(hat, 0.0)
    assert magnitudes[frequencies > 5000].mean() > 0.5 * magnitudes[frequencies < 5000].mean()
    assert np.abs(np.asarray(hat)[4800:]).max() < 1e-3
    assert peak_hz(laser, 0.0) > 2 * peak_hz(laser, 0.2)
    assert peak_hz(siren, 1.0) / peak_hz(siren, 2.0) == pytest.approx(1.5, abs=0.08)


def test_an_unknown_preset_is_named():
    with pytest.raises(PatchError, match="'kcik' is unknown, did you mean 'kick'"):
        load_preset("kcik")
