"""HEAR modules by name: what they give, and what is said of what is none."""

import sys
import types

import pytest
import torch

from eval.embedders.hear_module import HearModule
from tests.eval.embedders import hear_stub

STUB = "tests.eval.embedders.hear_stub"


def test_it_hears_at_the_modules_rate_with_its_options():
    audio = 0.1 * torch.randn(2, 4410, generator=torch.Generator().manual_seed(0))
    embedder = HearModule(STUB, device="cpu")
    assert (embedder.sample_rate, embedder.dimension) == (22050.0, 8)
    theirs = hear_stub.get_scene_embeddings(audio, hear_stub.load_model())
    torch.testing.assert_close(embedder.embed(audio, 22050.0), theirs.detach())
    louder = HearModule(STUB, options={"gain": 2.0}, device="cpu")
    torch.testing.assert_close(louder.embed(audio, 22050.0), 2 * theirs.detach())
    assert louder.identity != embedder.identity


def test_timestamps_are_seconds():
    audio = torch.zeros(1, 22050)
    vectors, seconds = HearModule(STUB, device="cpu").embed_timestamps(audio, 22050.0)
    assert vectors.shape[:2] == seconds.shape
    torch.testing.assert_close(seconds[0, 1], torch.tensor(64 / 22050))


def test_a_module_that_is_not_there():
    with pytest.raises(ModuleNotFoundError, match=r"no\.such_module' cannot be imported .*install"):
        HearModule("no.such_module").embed(torch.zeros(1, 10), 16000.0)


def test_a_module_that_is_none_of_hears():
    with pytest.raises(TypeError, match="json is no HEAR module: it has no load_model, get_scene"):
        HearModule("json").dimension  # noqa: B018


def module_with(monkeypatch, model):
    made = types.ModuleType("made_hear_module")
    for name in ("get_scene_embeddings", "get_timestamp_embeddings"):
        setattr(made, name, getattr(hear_stub, name))
    made.load_model = lambda: model
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return HearModule(made.__name__, device="cpu")


def test_a_model_of_another_framework(monkeypatch):
    with pytest.raises(TypeError, match="model of type object; only those of PyTorch"):
        module_with(monkeypatch, object()).embed(torch.zeros(1, 10), 16000.0)


def test_a_model_without_the_attributes(monkeypatch):
    with pytest.raises(TypeError, match="lacks HEAR's sample_rate, scene_embedding_size"):
        module_with(monkeypatch, torch.nn.Linear(1, 1)).embed(torch.zeros(1, 10), 16000.0)


def test_vectors_of_another_size(monkeypatch):
    model = hear_stub.load_model()
    model.scene_embedding_size = 9
    with pytest.raises(ValueError, match=r"shape \(2, 8\).* should be \(2, 9\)"):
        module_with(monkeypatch, model).embed(torch.zeros(2, 500), 22050.0)


def test_weights_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no weights for {STUB} at .*none.pt"):
        HearModule(STUB, weights=tmp_path / "none.pt").identity  # noqa: B018
