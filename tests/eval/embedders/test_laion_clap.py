"""CLAP: the package's own model gives the same numbers, and published checkpoints are read."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from eval.embedders.clap import filled
from eval.embedders.laion_checkpoints import CHECKPOINTS, kind_of
from eval.embedders.laion_clap import LENGTH, LaionClap
from eval.embedders.laion_package import architectures, audio_settings
from eval.embedders.ms_clap import AudioEncoder, MsClap
from eval.embedders.published import PUBLISHED
from eval.embedders.roberta import local_tokens
from eval.harness.audio import resample
from tests.eval.embedders.clap_package import clap_module, save, vocabulary

RATE = 48000


def waves(n_samples):
    """A tone, noise, a sweep from loud to quiet, and clicks with digital silence between them."""
    seconds = np.arange(n_samples) / RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
    tone, sweep = 0.4 * np.sin(2 * np.pi * 330 * seconds), np.sin(4000 * seconds**2)
    clicks = np.where(np.arange(n_samples) % 12000 == 0, 0.9, 0.0)
    sweep = sweep * np.exp(-3 * seconds)
    return np.stack([tone, noise, sweep, clicks]).astype(np.float32)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's own model at random weights, and a checkpoint of it."""
    folder = tmp_path_factory.mktemp("clap")
    module = clap_module(folder)
    return module, save(module, folder / "own.pt")


@pytest.fixture(scope="module")
def ours(package):
    return LaionClap(package[1], device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [110000, 480000])
def test_sounds_are_embedded_as_by_the_packages_own_call(package, ours, n_samples):
    sounds = waves(n_samples)[: 1 if n_samples == LENGTH else None]
    with torch.no_grad():
        expected = torch.from_numpy(package[0].get_audio_embedding_from_data(sounds))
    vectors = ours.embed(torch.from_numpy(sounds), RATE)
    torch.testing.assert_close(vectors, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(sounds)))


@pytest.mark.slow
def test_the_gradient_path_is_the_packages_with_tensors(package, ours):
    sounds = torch.from_numpy(waves(96000)[:2])
    with torch.no_grad():
        expected = package[0].get_audio_embedding_from_data(sounds, use_tensor=True)
    vectors = ours.embed_with_gradient(sounds, RATE)
    torch.testing.assert_close(vectors, expected, atol=1e-5, rtol=0)


@pytest.mark.slow
def test_one_text_is_embedded_as_by_the_package_and_as_among_others(package, ours):
    texts = ["aab", "b a", *("ab" * i for i in range(1, 11))]
    many = ours.embed_text(texts)
    with torch.no_grad():
        expected = torch.from_numpy(package[0].get_text_embedding(texts[:3]))
    torch.testing.assert_close(many[:3], expected, atol=1e-5, rtol=0)
    for row in (0, 10):
        torch.testing.assert_close(ours.embed_text(texts[row : row + 1])[0], many[row])
    with pytest.raises(TypeError, match="should be a list of strings, got the string 'a b'"):
        ours.embed_text("a b")


@pytest.mark.slow
def test_the_same_sound_twice_is_the_same_and_opposites_are_kept(ours):
    sounds = torch.from_numpy(waves(96000)[:2])
    vectors = ours.embed(sounds, RATE)
    torch.testing.assert_close(ours.embed(sounds, RATE), vectors, atol=0, rtol=0)
    # No rectifier, no probability: cosines of both signs come out as they are.
    text = ours.embed_text(["aab"])
    assert -1 <= float(vectors[0] @ text[0]) <= 1
    assert (vectors < 0).any()
    assert (vectors > 0).any()


@pytest.mark.slow
def test_another_rate_is_resampled(ours):
    sounds = waves(96000)[:2]
    expected = ours.embed(torch.from_numpy(sounds), RATE)
    other = torch.from_numpy(np.stack([resample(wave, RATE, 44100) for wave in sounds]))
    vectors = ours.embed(other, 44100.0)
    assert ((vectors * expected).sum(1) > 0.999).all()
    loose = ours.embed_with_gradient(other, 44100.0)
    assert ((loose * expected).sum(1) > 0.999).all()
    with pytest.raises(ValueError, match=r"at 48000 Hz only, got audio at 44100\.0 Hz"):
        ours.embed_with_gradient(other.requires_grad_(), 44100.0)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_sound_that_is_not_finite_has_nan_and_leaves_the_others_alone(ours, bad):
    sounds = torch.from_numpy(waves(96000)[:2])
    expected = ours.embed_with_gradient(sounds[:1], RATE)
    sounds[1, 500] = bad
    vectors = ours.embed_with_gradient(sounds, RATE)
    assert vectors[1].isnan().all()
    torch.testing.assert_close(vectors[:1], expected, atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Argument 'onesided'")
def test_a_fusion_checkpoint_gives_what_the_package_gives(tmp_path, monkeypatch):
    module = clap_module(tmp_path, fusion=True)
    path = save(module, tmp_path / "own.pt")
    ours = LaionClap(path, enable_fusion=True, device="cpu")
    # The package draws pieces of long sounds by chance; here the draw is the middle.
    monkeypatch.setattr(np.random, "choice", lambda third: third[len(third) // 2])
    for n_samples in (96000, 480100, 700000):
        sounds = waves(n_samples)[1:2]
        with torch.no_grad():
            expected = torch.from_numpy(module.get_audio_embedding_from_data(sounds))
        vectors = ours.embed(torch.from_numpy(sounds), RATE)
        torch.testing.assert_close(vectors, expected, atol=1e-5, rtol=0)
    with pytest.raises(ValueError, match=r"own\.pt is of a network with fusion: set enable_fus"):
        LaionClap(path, device="cpu").embed(torch.zeros(1, 100), RATE)


def test_a_checkpoints_name_says_its_network():
    assert len(CHECKPOINTS) == 7
    assert set(CHECKPOINTS) <= {entry.file for entry in PUBLISHED}
    for name, kind in CHECKPOINTS.items():
        assert kind_of(Path("any") / name) == kind
        assert kind.fusion == ("fusion" in name)
        assert kind.architecture == ("HTSAT-base" if "music" in name else "HTSAT-tiny")
    assert kind_of(None) == kind_of(Path("own.pt")) == kind_of(Path("630k-audioset-best.pt"))
    assert kind_of(Path("own.pt"), "PANN-14").architecture == "PANN-14"
    with pytest.raises(ValueError, match=r"enable_fusion=True does not fit 630k-best\.pt, which"):
        LaionClap(Path("630k-best.pt"), enable_fusion=True, assets="stand_in").identity  # noqa: B018
    with pytest.raises(ValueError, match="architecture=HTSAT-tiny does not fit music_audioset"):
        kind_of(Path("music_audioset_epoch_15_esc_90.14.pt"), "HTSAT-tiny")


def test_the_precision_is_part_of_the_identity():
    said = {LaionClap(precision=p, assets="stand_in").identity for p in ("float32", "bfloat16")}
    assert len(said) == 2


def test_texts_become_tokens_between_marks_padded_to_77(tmp_path):
    vocabulary(tmp_path)
    numbers = local_tokens(tmp_path / "roberta-base")(["aab", "a" * 400])
    assert numbers.shape == (2, 77)
    assert numbers[0, :5].tolist() == [0, 7, 5, 2, 1]
    assert numbers[1, [0, -1]].tolist() == [0, 2]


def test_without_a_tokenizer_one_error_says_the_command(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"vocab\.json .* make weights-roberta fetches it"):
        local_tokens(tmp_path)


@pytest.mark.slow
def test_stand_in_texts_differ_and_have_unit_length():
    vectors = LaionClap(assets="stand_in", device="cpu").embed_text(["a dog", "rain on a roof"])
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
    assert (vectors[0] - vectors[1]).norm() > 1e-3
    with pytest.raises(ValueError, match="no text"):
        LaionClap(assets="stand_in").embed_text([])


def test_what_is_too_long_is_cut_and_the_rest_is_padded():
    long = torch.arange(12.0)[None]
    torch.testing.assert_close(filled(long, 5), long[:, :5])
    torch.testing.assert_close(filled(long[:, :2], 5), torch.tensor([[0.0, 1.0, 0.0, 1.0, 0.0]]))


def test_architectures_are_the_packages():
    assert {"HTSAT-tiny", "HTSAT-base", "PANN-14"} <= set(architectures())
    with pytest.raises(ValueError, match=r"no audio network 'HTSAT-huge'; it has HTSAT-base"):
        audio_settings("HTSAT-huge")
    assert "torchvision" not in sys.modules


@pytest.mark.parametrize("saved", [{"state_dict": {"text_branch.x": torch.zeros(1)}}, [1]])
def test_another_checkpoint_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / "own.pt")
    with pytest.raises(ValueError, match="no weights of an audio_branch"):
        LaionClap(tmp_path / "own.pt", device="cpu").embed(torch.zeros(1, 100), 48000.0)


def test_a_checkpoint_that_runs_code_is_refused(tmp_path):
    torch.save({"state_dict": SimpleNamespace()}, tmp_path / "own.pt")
    with pytest.raises(ValueError, match=r"own\.pt cannot be read as weights"):
        LaionClap(tmp_path / "own.pt", device="cpu").embed(torch.zeros(1, 100), 48000.0)


def test_a_published_name_with_another_content_is_refused(tmp_path):
    path = tmp_path / "music_audioset_epoch_15_esc_90.14.pt"
    path.write_bytes(b"half")
    with pytest.raises(ValueError, match=r"not music_audioset_.*\.pt as published"):
        LaionClap(path).identity  # noqa: B018


@pytest.mark.slow
@pytest.mark.parametrize("version", ["2023", "2022"])
def test_microsofts_checkpoints_are_read(tmp_path, monkeypatch, version):
    from eval.embedders import published

    monkeypatch.setattr(published, "damage", lambda entry, digest: None)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        network = AudioEncoder(version).eval()
    state = {f"audio_encoder.{name}": value for name, value in network.state_dict().items()}
    if version == "2023":  # the published file holds floating-point numbers alone
        state = {name: value for name, value in state.items() if value.is_floating_point()}
    state |= {"caption_encoder.base.wte.weight": torch.zeros(2), "logit_scale": torch.zeros(())}
    torch.save({"model": state}, tmp_path / f"CLAP_weights_{version}.pth")
    wave = 0.1 * torch.randn(1, 44100, generator=torch.Generator().manual_seed(0))
    ours = MsClap(version, tmp_path, device="cpu").embed(wave, 44100.0)
    length = {"2023": 7, "2022": 5}[version] * 44100
    with torch.no_grad():
        torch.testing.assert_close(ours, network(wave.repeat(1, 7)[:, :length]))


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore:torch.meshgrid")
@pytest.mark.parametrize("version", ["2023", "2022"])
def test_agrees_with_msclaps_own_networks(version):
    """The same weights, by the same names, in msclap 1.3.4; seen here: equal to the last bit."""
    clap = pytest.importorskip("msclap.models.clap", reason="pip install --no-deps msclap==1.3.4")
    name, width, fmax = {"2023": ("HTSAT", 768, 8000), "2022": ("Cnn14", 2048, 14000)}[version]
    theirs = clap.AudioEncoder(name, width, 1024, 44100, 1024, 320, 64, 50, fmax, 527).eval()
    ours = AudioEncoder(version).eval()
    ours.load_state_dict(theirs.state_dict())
    audio = 0.1 * torch.randn(1, 220500, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(ours(audio), theirs(audio)[0])
