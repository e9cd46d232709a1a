"""CLAP: the package's own model gives the same numbers, and published checkpoints are read."""

import json
import sys
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from eval.embedders.laion_clap import LENGTH, LaionClap, filled
from eval.embedders.laion_package import architectures, audio_settings
from eval.embedders.ms_clap import AudioEncoder, MsClap
from eval.embedders.roberta import local_tokens


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's own model as a whole, at random weights, and a checkpoint in its layout."""
    from transformers import RobertaConfig, RobertaModel

    from eval.embedders import laion_package

    model_module = laion_package._module("model")
    offline = SimpleNamespace(
        from_pretrained=lambda name: RobertaModel(
            RobertaConfig(
                vocab_size=50265,
                max_position_embeddings=514,
                type_vocab_size=1,
                layer_norm_eps=1e-5,
                pad_token_id=1,
            )
        )
    )
    model_module.RobertaModel = offline
    width, settings = audio_settings("HTSAT-tiny")
    text = {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12}
    with torch.random.fork_rng(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.meshgrid")
        torch.manual_seed(4)
        model = model_module.CLAP(width, settings, {**text, "model_type": "roberta"}).eval()
    state = {f"module.{name}": value for name, value in model.state_dict().items()}
    state["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    path = tmp_path_factory.mktemp("clap") / "own.pt"
    torch.save({"epoch": 3, "name": "x", "state_dict": state, "best": np.float64(0.25)}, path)
    return model, path


@pytest.mark.slow
def test_a_checkpoint_gives_what_the_package_gives(package):
    model, path = package
    seconds = np.arange(120000) / 48000
    wave = (0.4 * np.sin(2 * np.pi * 330 * seconds)).astype(np.float32)
    rounded = (np.clip(wave, -1, 1) * 32767.0).astype(np.int16) / np.float32(32767.0)
    repeated = np.zeros(LENGTH, np.float32)
    repeated[: 4 * len(wave)] = np.tile(rounded, 4)
    with torch.no_grad():
        expected = model.get_audio_embedding([{"waveform": torch.from_numpy(repeated)}])
    ours = LaionClap(path, device="cpu").embed(torch.from_numpy(wave)[None], 48000.0)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=0)
    torch.testing.assert_close(ours.norm(dim=1), torch.ones(1))


@pytest.mark.slow
def test_texts_are_embedded_as_by_the_package(package, tmp_path, monkeypatch):
    model, path = package
    vocabulary(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedder = LaionClap(path, tokenizer=tmp_path / "roberta-base", device="cpu")
    ours = embedder.embed_text(["aab", "b a"])
    numbers = local_tokens(tmp_path / "roberta-base")(["aab", "b a"])
    theirs = {"input_ids": numbers, "attention_mask": (numbers != 1).long()}
    with torch.no_grad():
        torch.testing.assert_close(ours, model.get_text_embedding(theirs), atol=1e-5, rtol=0)


def vocabulary(folder):
    """A byte-level vocabulary of a few tokens in roberta-base's layout."""
    own = folder / "roberta-base"
    own.mkdir()
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "Ġ", "aa", "<mask>"]
    (own / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (own / "merges.txt").write_text("#version: 0.2\na a\n")


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
