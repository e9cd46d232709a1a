"""VGGSound's front end against scipy as its release calls it, and its checkpoint's layout."""

import numpy as np
import pytest
import torch
from scipy import signal

from eval.embedders.resnet import ResNet18
from eval.embedders.stand_ins import seeded, spread
from eval.embedders.vggsound import CLASSES, LENGTH, WEIGHTS, VggSoundResNet18, spectrogram


def released(wave):
    """What the release's loader does with a sound of 10 s."""
    _, _, density = signal.spectrogram(wave, 16000, nperseg=512, noverlap=353)
    logs = np.log(density + 1e-7)
    return (logs - logs.mean()) / (logs.std() + 1e-9)


def test_spectrogram_is_scipys():
    rng = np.random.default_rng(0)
    waves = 0.1 * rng.standard_normal((2, LENGTH))
    waves[1] = 0.5 + 0.3 * np.sin(2 * np.pi * 440 * np.arange(LENGTH) / 16000)
    ours = spectrogram(torch.from_numpy(waves.astype(np.float32)))
    assert ours.shape == (2, 257, 1004)
    for wave, picture in zip(waves, ours.numpy(), strict=True):
        np.testing.assert_allclose(picture, released(wave), atol=2e-3)


def test_silence_is_an_even_picture():
    assert not spectrogram(torch.zeros(1, LENGTH)).any()


def test_a_short_sound_is_repeated_as_released():
    wave = 0.1 * torch.randn(1, 16000, generator=torch.Generator().manual_seed(0))
    embedder = VggSoundResNet18(assets="stand_in", device="cpu")
    torch.testing.assert_close(
        embedder.embed(wave, 16000.0), embedder.embed(wave.repeat(1, 12), 16000.0)
    )


def test_a_checkpoint_of_the_release_is_read(tmp_path):
    network = seeded(lambda: spread(ResNet18(309)), seed=5)
    state = {f"audnet.{name}": value for name, value in network.state_dict().items()}
    saved = {"epoch": 3, "model_state_dict": state, "best": np.float64(0.5)}
    torch.save(saved, tmp_path / WEIGHTS, _use_new_zipfile_serialization=False)
    rows = "\n".join(f'"class {i:03d}, with a comma",{i}' for i in reversed(range(309)))
    (tmp_path / CLASSES).write_text(rows + "\n")
    embedder = VggSoundResNet18(tmp_path / WEIGHTS, device="cpu")
    audio = 0.1 * torch.randn(1, LENGTH, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = network(spectrogram(audio)[:, None]).softmax(1)
    torch.testing.assert_close(embedder.probabilities(audio, 16000.0), expected)
    assert embedder.class_names[0] == "class 000, with a comma"
    assert embedder.identity != VggSoundResNet18(assets="stand_in").identity


@pytest.mark.parametrize("saved", [{"state_dict": {}}, [1, 2]])
def test_another_checkpoint_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match="has no model_state_dict"):
        VggSoundResNet18(tmp_path, device="cpu").embed(torch.zeros(1, 100), 16000.0)
