"""What every embedder of conf/embedder keeps to, with random weights; a new one joins by its file.

The numbers of each one's own front end and architecture are checked in files of their own.
"""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
import torch

from eval.embedders.base import Classifier, Embedder, FrameEmbedder
from eval.harness.audio import resample
from tests.eval.embedders.configured import NAMES, configured

# Take more than about 5 s for all of this.
LARGE = {"ast", "doppel_run", "hf_clap", "laion_clap", "ms_clap", "vggish", "vggsound_resnet18"}
CLASSIFIERS = {"ast", "vggsound_resnet18", "yamnet"}
IN_FRAMES = {"doppel", "doppel_run", "random_resnet", "vggish", "yamnet"}
# What makes the weights of those that no `make weights-NAME` fetches; None: tested elsewhere.
MADE_BY = {"doppel": "experiment=doppel/pretrain", "doppel_run": None}
# None of them changes a number, but for rounding.
INDECISIVE = {"device", "workers", "assets", "chunk", "compile"}


@pytest.fixture(
    scope="module",
    params=[pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in NAMES],
)
def embedder(request):
    return configured(request.param)


@pytest.fixture(scope="module")
def sounds():
    """Three sounds of 1.2 s at 16 kHz: a low chord, noise, and silence."""
    seconds = torch.arange(19200) / 16000
    chord = sum(torch.sin(2 * torch.pi * f * seconds) for f in (220, 330, 495)) / 6
    noise = 0.2 * torch.randn(19200, generator=torch.Generator().manual_seed(0))
    return torch.stack([chord, noise, torch.zeros(19200)])


@pytest.fixture(scope="module")
def vectors(embedder, sounds):
    return embedder.embed(sounds, 16000.0)


def distance(a, b):
    """Between two vectors, as a part of their size."""
    return float((a - b).norm() / torch.stack([a.norm(), b.norm()]).max().clamp(min=1e-12))


def test_says_what_it_is(request, embedder):
    name = request.node.callspec.params["embedder"]
    assert isinstance(embedder, Embedder)
    assert embedder.name.isprintable()
    assert embedder.name.split()[0] in name
    assert embedder.licence
    assert embedder.sample_rate >= 8000
    assert isinstance(embedder, FrameEmbedder) == (name in IN_FRAMES)
    assert isinstance(embedder, Classifier) == (name in CLASSIFIERS)


def test_vectors_are_finite_float32_without_gradients(embedder, vectors):
    assert vectors.shape == (3, embedder.dimension)
    assert vectors.dtype == torch.float32
    assert not vectors.requires_grad
    assert vectors.isfinite().all()


def test_different_sounds_have_different_vectors(vectors):
    assert distance(vectors[0], vectors[1]) > 1e-2
    assert distance(vectors[1], vectors[2]) > 1e-2


def test_a_sound_alone_is_as_in_a_batch_in_any_order(embedder, sounds, vectors):
    alone = embedder.embed(sounds[1:2], 16000.0)
    turned = embedder.embed(sounds[[2, 0]], 16000.0)
    assert distance(alone[0], vectors[1]) < 1e-5
    assert distance(turned[0], vectors[2]) < 1e-5
    assert distance(turned[1], vectors[0]) < 1e-5


@pytest.mark.parametrize("n_samples", [1, 100, 15601])
def test_any_length(embedder, n_samples):
    vectors = embedder.embed(torch.full((1, n_samples), 0.5), 16000.0)
    assert vectors.shape == (1, embedder.dimension)
    assert vectors.isfinite().all()


def test_it_resamples_itself(embedder, sounds, vectors):
    """The same sounds at other rates, a fractional one among them, stay closer than others."""
    for i, rate in enumerate((44100.0, 22050.5)):
        other = torch.from_numpy(resample(sounds[i : i + 1].numpy(), 16000.0, rate))
        again = embedder.embed(other, rate)
        assert distance(again[0], vectors[i]) < 0.3 * distance(vectors[0], vectors[1])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_sound_that_is_not_finite_is_named(embedder, sounds, bad):
    broken = sounds.clone()
    broken[1, 7] = bad
    with pytest.raises(ValueError, match="sound 1 of a batch of 3 holds NaN or infinity"):
        embedder.embed(broken, 16000.0)


def test_wrong_shapes_and_rates_are_refused(embedder):
    for shape in ((1, 0), (0, 16000)):
        with pytest.raises(ValueError, match=r"\(batch, n_samples\), neither of them 0, got"):
            embedder.embed(torch.zeros(shape), 16000.0)
    with pytest.raises(ValueError, match="must be positive, got -1"):
        embedder.embed(torch.zeros(1, 100), -1.0)


def test_its_identity_holds_every_setting(embedder):
    for field in dataclasses.fields(embedder):
        value = getattr(embedder, field.name)
        if field.name in INDECISIVE or not isinstance(value, bool | int | float):
            continue
        other = dataclasses.replace(
            embedder, **{field.name: not value if isinstance(value, bool) else value + 1}
        )
        assert other.identity != embedder.identity, field.name
    assert "\n" not in embedder.identity


def test_two_of_it_agree_and_leave_other_random_numbers_alone(request, sounds, vectors):
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    again = configured(request.node.callspec.params["embedder"]).embed(sounds[:1], 16000.0)
    assert torch.rand(1) == expected
    assert distance(again[0], vectors[0]) < 1e-5


def test_without_weights_one_error_says_the_command(request, embedder, tmp_path):
    if not hasattr(embedder, "assets"):
        pytest.skip("needs no weights")
    name = request.node.callspec.params["embedder"]
    command = MADE_BY.get(name, r"make weights-[a-z0-9-]+ fetches it")
    if command is None:
        pytest.skip("names a run: tests/scripts/embedders")
    missing = configured(name, "assets=published", f"paths.weights={tmp_path}")
    if name == "doppel":
        missing = dataclasses.replace(missing, checkpoint=tmp_path / "encoder.safetensors")
    for call in (
        lambda: missing.identity,
        lambda: missing.embed(torch.zeros(1, 16000), 16000.0),
    ):
        with pytest.raises(FileNotFoundError, match=command) as error:
            call()
        assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_making_one_loads_nothing(name):
    configured(name)
    start = time.process_time()
    configured(name)
    assert time.process_time() - start < 1.0


def test_its_frames_have_its_vector_as_their_mean(embedder, sounds):
    if not isinstance(embedder, FrameEmbedder):
        pytest.skip("has no frames")
    long = sounds.repeat(1, 3)
    frames = embedder.embed_frames(long, 16000.0)
    seconds = long.shape[1] / 16000
    assert frames.shape[0::2] == (3, embedder.dimension)
    assert abs(frames.shape[1] - seconds / embedder.hop_s) <= 1
    assert distance(frames.mean(1).flatten(), embedder.embed(long, 16000.0).flatten()) < 1e-5


def test_its_probabilities_are_probabilities(embedder, sounds):
    if not isinstance(embedder, Classifier):
        pytest.skip("has no classes")
    scores = embedder.probabilities(sounds[:2], 16000.0)
    assert scores.shape == (2, len(embedder.class_names))
    assert len(set(embedder.class_names)) == len(embedder.class_names)
    assert ((scores >= 0) & (scores <= 1)).all()
    np.testing.assert_allclose(
        embedder.probabilities(sounds[:1], 16000.0)[0], scores[0], atol=1e-5
    )
