"""The embedder of an encoder's file: what it hears, and by what it is recognised."""

from pathlib import Path

import numpy as np
import pytest
import torch

from doppel import hear
from doppel.checkpoint import load_encoder, save_encoder
from doppel.embedder import DoppelEmbedder
from doppel.encoders.resnet import ResNetEncoder
from doppel.front_end import FrontEnd
from eval.embedders.stand_ins import seeded

ENCODER = ResNetEncoder(width=2)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("embedder") / "encoder.safetensors"
    save_encoder(path, seeded(ENCODER.build, 3), ENCODER, {"licence": "CC0-1.0"})
    return path


@pytest.fixture(scope="module")
def sounds():
    return 0.2 * torch.randn(2, 50000, generator=torch.Generator().manual_seed(0))


def test_it_is_the_hear_modules_scene(path, sounds):
    ours = DoppelEmbedder(path, device="cpu").embed(sounds, 16000.0)
    theirs = hear.get_scene_embeddings(sounds, hear.load_model(path))
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hop_s", [0.96, 0.975, 0.5])
def test_windows_begin_every_hop(path, sounds, hop_s):
    frames = DoppelEmbedder(path, hop_s, device="cpu").embed_frames(sounds, 16000.0)
    network, front_end, hop = load_encoder(path).module, FrontEnd(), round(hop_s * 16000)
    starts = range(0, 50000 - 15600 + 1, hop)
    assert frames.shape == (2, len(starts), 16)
    with torch.no_grad():
        for i, start in enumerate(starts):
            expected = network(front_end(sounds[:, start : start + 15600]))
            torch.testing.assert_close(frames[:, i], expected, rtol=1e-4, atol=1e-6)


def test_identity_is_the_weights_and_the_windows(path, tmp_path):
    copy = tmp_path / "moved.safetensors"
    copy.write_bytes(path.read_bytes())
    assert DoppelEmbedder(copy).identity == DoppelEmbedder(path).identity
    assert DoppelEmbedder(path, 0.975).identity != DoppelEmbedder(path).identity
    save_encoder(copy, seeded(ENCODER.build, 4), ENCODER, {})
    assert DoppelEmbedder(copy).identity != DoppelEmbedder(path).identity
    assert DoppelEmbedder(path).licence == "CC0-1.0"
    assert DoppelEmbedder(copy).licence == "not stated in its file"


def test_what_is_wrong_with_a_file_is_said_by_its_identity_too(path, tmp_path):
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match="is cut off"):
        DoppelEmbedder(cut).identity  # noqa: B018


def test_a_hop_of_nothing():
    with pytest.raises(ValueError, match="hop_s must be a sample or more, got 0"):
        DoppelEmbedder(Path("none"), hop_s=0.0)


def test_the_deviation_over_windows_stands_behind_their_mean(path, sounds):
    both = DoppelEmbedder(path, pooling="mean_std", device="cpu")
    frames = DoppelEmbedder(path, device="cpu").embed_frames(sounds, 16000.0).double().numpy()
    found = both.embed(sounds, 16000.0).numpy()
    expected = np.concatenate([frames.mean(1), frames.std(1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert both.dimension == found.shape[1]
    assert both.identity != DoppelEmbedder(path).identity
    one = both.embed(sounds[:, :8000], 16000.0)  # one window: nothing changes
    assert not one[:, one.shape[1] // 2 :].any()
    with pytest.raises(ValueError, match="single windows are asked for"):
        both.embed_frames(sounds, 16000.0)
