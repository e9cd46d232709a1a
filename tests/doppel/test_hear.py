"""The HEAR API: hear-validator's rules, hear-eval-kit's own runner, and what each vector hears."""

import json
import sys
import types

import numpy as np
import pytest
import soundfile
import torch

from doppel import hear, listening
from doppel.checkpoint import save_encoder
from doppel.encoders.ast import AstEncoder
from doppel.encoders.resnet import ResNetEncoder
from eval.embedders.random_resnet import RandomResNet
from eval.embedders.stand_ins import seeded

ENCODER = ResNetEncoder(width=4)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("hear") / "encoder.safetensors"
    save_encoder(path, seeded(ENCODER.build, 3), ENCODER, {})
    return path


@pytest.fixture(scope="module")
def model(path):
    return hear.load_model(str(path))


def noise(n_sounds, seconds, seed=0):
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.rand(n_sounds, int(seconds * 16000), generator=generator)
    return 2.0 * drawn - 1.0


def check_timestamps(model, n_sounds, seconds):
    """What hear-validator asks of timestamps, the version of its repository, which asks more."""
    vectors, times = hear.get_timestamp_embeddings(noise(n_sounds, seconds), model)
    assert vectors.dtype == torch.float32
    assert vectors.ndim == 3
    assert times.ndim == 2
    assert vectors.shape[:2] == times.shape == (n_sounds, times.shape[1])
    assert vectors.shape[2] == model.timestamp_embedding_size
    steps = np.diff(times.detach().cpu().numpy())
    assert np.abs(steps - steps.mean()).max() <= 1.0  # regular to a millisecond
    assert 0.0 < steps.min() <= steps.max() <= 50.0
    assert times.min() <= steps.mean()
    assert 1000 * seconds - 50.0 <= times.max() <= 1000 * seconds


@pytest.mark.parametrize(
    "weights", [pytest.param("untrained", marks=pytest.mark.slow), "checkpoint"]
)
def test_what_hear_validator_asks(weights, path):
    model = hear.load_model() if weights == "untrained" else hear.load_model(str(path))
    assert isinstance(model, torch.nn.Module)
    model.to("cpu")
    assert model.sample_rate in (16000, 22050, 44100, 48000)
    assert isinstance(model.scene_embedding_size, int)
    assert isinstance(model.timestamp_embedding_size, int)
    lengths = (1.07,) if weights == "untrained" else (1.07, 1.98, 0.3, 2.0)
    for seconds in lengths:
        check_timestamps(model, 2, seconds)
    vectors = hear.get_scene_embeddings(noise(4, 2.74), model)
    assert vectors.dtype == torch.float32
    assert vectors.shape == (4, model.scene_embedding_size)
    assert vectors.isfinite().all()


def without_tensorflow(monkeypatch):
    """hear-validator and hear-eval-kit import tensorflow, to see whether a model is one of its."""
    stub = types.ModuleType("tensorflow")
    stub.Module = type("Module", (), {})
    monkeypatch.setitem(sys.modules, "tensorflow", stub)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("weights", ["untrained", "checkpoint"])
def test_hear_validator_itself(monkeypatch, weights, path):
    """Where it is installed; its requirements cannot be met beside ours."""
    without_tensorflow(monkeypatch)
    validate = pytest.importorskip("hearvalidator.validate")
    weights = "" if weights == "untrained" else str(path)
    validate.ValidateModel("doppel.hear", weights, device="cpu")()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["scene", "event"])
def test_hear_eval_kits_own_runner(monkeypatch, tmp_path, kind, path):
    """It writes an embedding a file, and for events the labels at our timestamps."""
    without_tensorflow(monkeypatch)
    kit = pytest.importorskip("heareval.embeddings.task_embeddings")
    task, out = tmp_path / "task", tmp_path / "embeddings"
    sounds = noise(3, 1.5)
    (task / "16000" / "train").mkdir(parents=True)
    labels = {}
    for i, sound in enumerate(sounds):
        soundfile.write(task / "16000" / "train" / f"{i}.wav", sound.numpy(), 16000, "FLOAT")
        event = {"start": 500.0, "end": 700.0, "label": "noise"}
        labels[f"{i}.wav"] = [event] if kind == "event" else ["noise"]
    metadata = {
        "splits": ["train"], "sample_duration": 1.5,
        "embedding_type": kind, "prediction_type": "multilabel",
    }  # fmt: skip
    (task / "task_metadata.json").write_text(json.dumps(metadata))
    (task / "labelvocabulary.csv").write_text("idx,label\n0,noise\n")
    (task / "train.json").write_text(json.dumps(labels))
    monkeypatch.setattr(kit.gpu_max_mem, "measure", lambda: None)  # asks nvidia-smi
    kit.task_embeddings(kit.Embedding("doppel.hear", str(path)), task, out)

    model = hear.load_model(path)
    if kind == "scene":
        expected = hear.get_scene_embeddings(sounds, model)
    else:
        expected, times = hear.get_timestamp_embeddings(sounds, model)
        heard = json.loads((out / "train" / "0.wav.target-labels.json").read_text())
        assert [bool(found) for found in heard] == [500 <= t <= 700 for t in times[0].tolist()]
    for i in range(3):
        written = np.load(out / "train" / f"{i}.wav.embedding.npy")
        np.testing.assert_allclose(written, expected[i], rtol=1e-4, atol=1e-5)


def vector(model, piece):
    with torch.no_grad():
        return model.encoder(model.front_end(piece[None]))[0]


def test_a_scene_is_the_mean_of_its_windows(model):
    sound = noise(1, 3.1)
    pieces = [vector(model, sound[0, start : start + 15600]) for start in (0, 15360, 30720)]
    expected = torch.stack(pieces).mean(0)
    got = hear.get_scene_embeddings(sound, model)[0]
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-5)


def test_a_timestamps_vector_hears_what_is_around_it(model):
    sound = noise(1, 1.7)
    vectors, times = hear.get_timestamp_embeddings(sound, model)
    silence = torch.zeros(7800)
    around = torch.cat([silence, sound[0], silence])
    for k in (0, 7, 17, 34):
        start = round(float(times[0, k]) * 16)  # of the window whose middle is the moment
        expected = vector(model, around[start : start + 15600])
        torch.testing.assert_close(vectors[0, k], expected, rtol=1e-4, atol=1e-5)
    assert times[0, -1] == 1700.0


def test_a_far_moment_does_not_matter(model):
    sound = noise(1, 3.0)
    changed = sound.clone()
    changed[0, 32000:] = 0.0
    ours, theirs = (hear.get_timestamp_embeddings(s, model)[0][0] for s in (sound, changed))
    moved = (ours - theirs).abs().amax(1) > 1e-4
    assert not moved[:30].any()  # up to 1.45 s; a window reaches 0.4875 s
    assert moved[32:].all()


def test_neither_batches_nor_passes_change_a_vector(model, monkeypatch):
    sounds = noise(3, 1.2)
    scene = hear.get_scene_embeddings(sounds, model)
    stamps = hear.get_timestamp_embeddings(sounds, model)[0]
    monkeypatch.setattr(listening, "CHUNK", 7)
    for i in (0, 2):
        alone = hear.get_scene_embeddings(sounds[i : i + 1], model)
        torch.testing.assert_close(alone[0], scene[i], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        hear.get_timestamp_embeddings(sounds, model)[0], stamps, rtol=1e-4, atol=1e-5
    )


def test_passes_stay_small_however_long_the_sound(model):
    """No pass of the network has more than 64 pictures."""
    seen = []
    handle = model.encoder.register_forward_pre_hook(lambda _, given: seen.append(len(given[0])))
    try:
        vectors, times = hear.get_timestamp_embeddings(torch.zeros(2, 5 * 16000 + 5), model)
    finally:
        handle.remove()
    assert vectors.shape == (2, 101, 32)
    assert sum(seen) == 202
    assert max(seen) <= 64
    assert torch.equal(times[0], torch.arange(101) * 50.0)


@pytest.mark.parametrize("n_samples", [1, 799, 800, 15599, 15601])
def test_any_length(model, n_samples):
    sound = torch.full((1, n_samples), 0.5)
    assert hear.get_scene_embeddings(sound, model).isfinite().all()
    vectors, times = hear.get_timestamp_embeddings(sound, model)
    assert vectors.shape == (1, 1 + n_samples // 800, 32)
    assert times[0, -1] <= n_samples / 16


def test_untrained_is_always_the_same_resnet18():
    """The evaluation's random ResNet of the same seed, another implementation of the windows."""
    sounds = noise(2, 2.1)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    ours = hear.get_scene_embeddings(sounds, hear.load_model(""))
    assert torch.rand(1) == expected
    theirs = RandomResNet(seed=0, device="cpu").embed(sounds, 16000.0)
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_default_is_the_packages_own_or_an_error_that_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(hear, "DEFAULT", tmp_path / "default.safetensors")
    with pytest.raises(FileNotFoundError, match=r"lacks its own encoder.*doppel/pretrain") as error:
        hear.load_model("default")
    assert "\n" not in str(error.value)
    save_encoder(hear.DEFAULT, seeded(ENCODER.build, 0), ENCODER, {})
    assert hear.load_model("default").scene_embedding_size == 32


def test_what_is_refused(model, tmp_path):
    with pytest.raises(FileNotFoundError, match="no encoder at"):
        hear.load_model(str(tmp_path / "none.safetensors"))
    broken = noise(2, 1.0)
    broken[1, 3] = float("nan")
    for call in (hear.get_scene_embeddings, hear.get_timestamp_embeddings):
        with pytest.raises(ValueError, match="sound 1 of a batch of 2 holds NaN"):
            call(broken, model)
        with pytest.raises(ValueError, match="neither of them 0"):
            call(torch.zeros(1, 0), model)


def test_gradients_of_the_first_window(path):
    """Whoever wants to go on training has the module itself."""
    model = hear.load_model(path).requires_grad_()
    model(noise(2, 0.5)).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.slow
def test_a_transformer_too(tmp_path):
    encoder = AstEncoder(hidden=16, layers=1, heads=2, intermediate=16)
    save_encoder(tmp_path / "ast.safetensors", seeded(encoder.build, 0), encoder, {})
    model = hear.load_model(tmp_path / "ast.safetensors")
    check_timestamps(model, 2, 1.3)
    assert hear.get_scene_embeddings(noise(2, 2.0), model).shape == (2, 16)
