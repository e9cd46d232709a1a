"""CLAP's front end: the spectrograms of torchlibrosa, torchaudio and transformers."""

import numpy as np
import pytest
import torch

from eval.embedders.clap_mel import ClapMel, bands, fused


def sounds(n_samples=30000):
    """A sine, noise, silence and a click."""
    seconds = torch.arange(n_samples) / 48000
    noise = 0.1 * torch.randn(n_samples, generator=torch.Generator().manual_seed(0))
    click = torch.zeros(n_samples)
    click[n_samples // 2] = 0.9
    return torch.stack([torch.sin(2 * torch.pi * 440 * seconds), noise, 0 * click, click])


def agree(ours, theirs):
    """To 0.002 dB; what is 80 dB below the loudest is rounding, which float32 does in its way."""
    loud = theirs > theirs.amax((1, 2), keepdim=True) - 80
    assert loud.float().mean() > 0.5
    torch.testing.assert_close(ours[loud], theirs[loud], atol=2e-3, rtol=0)
    assert (ours - theirs).abs().max() < 2


def test_bands_are_those_of_torchaudio_and_transformers():
    torchaudio = pytest.importorskip("torchaudio")
    from transformers.audio_utils import mel_filter_bank

    filters = torchaudio.functional.melscale_fbanks(513, 50.0, 14000.0, 64, 48000)
    np.testing.assert_allclose(bands("htk"), filters.numpy(), atol=2e-5)
    for scale, norm in (("slaney", "slaney"), ("htk", None)):
        theirs = mel_filter_bank(513, 64, 50.0, 14000.0, 48000, norm, scale)
        np.testing.assert_allclose(bands(scale), theirs, atol=1e-12)


def test_agrees_with_transformers_in_float64():
    from transformers import ClapFeatureExtractor

    for scale, truncation in (("slaney", "rand_trunc"), ("htk", "fusion")):
        extractor = ClapFeatureExtractor(frequency_min=50, truncation=truncation)
        filters = extractor.mel_filters_slaney if scale == "slaney" else extractor.mel_filters
        theirs = np.stack(
            [extractor._np_extract_fbank_features(w, filters) for w in sounds().double().numpy()]
        )
        agree(ClapMel(scale)(sounds()), torch.from_numpy(theirs).float())


@pytest.mark.slow
def test_agrees_with_torchlibrosa():
    from torchlibrosa.stft import LogmelFilterBank, Spectrogram

    spectrogram = Spectrogram(1024, 480)
    filters = LogmelFilterBank(48000, 1024, 64, 50, 14000, ref=1.0, amin=1e-10, top_db=None)
    agree(ClapMel()(sounds()), filters(spectrogram(sounds()))[:, 0])


def test_silence_is_minus_100_db_and_nan_stays():
    quiet = torch.zeros(2, 2000)
    quiet[1, 1000] = torch.nan
    frames = ClapMel()(quiet)
    assert (frames[0] == -100).all()
    assert frames[1].isnan().any()


def test_a_long_sound_is_all_of_it_and_the_middle_of_three_thirds():
    mel = torch.arange(19.0)[None, :, None].expand(1, 19, 64)
    parts = fused(mel, 10)
    assert parts.shape == (1, 4, 10, 64)
    # Ten places for a piece of ten frames, in thirds of 4, 3 and 3.
    assert parts[0, 1:, 0, 0].tolist() == [2, 5, 8]
    torch.testing.assert_close(parts[0, 0].mean(), torch.tensor(9.0))
    assert fused(mel[:, :11], 10)[0, 1:, 0, 0].tolist() == [0, 1, 0]
