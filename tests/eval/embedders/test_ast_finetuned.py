"""AST under another head: saved, read again, and the body that it is begun with."""

import numpy as np
import pytest
import torch

from eval.embedders.ast import Ast
from eval.embedders.ast_finetuned import (
    FineTunedAst,
    new_network,
    save_classifier,
    stand_in_classifier,
)
from eval.embedders.base import Classifier

STAND_IN = Ast(assets="stand_in", device="cpu")
CLASSES = ("dog", "rain", "siren")
AUDIO = torch.from_numpy(np.random.default_rng(0).normal(0, 0.1, (2, 8000)).astype(np.float32))


def test_what_was_saved_is_read_again(tmp_path):
    network = new_network(STAND_IN, 3, seed=5)
    save_classifier(network, CLASSES, tmp_path)
    read = FineTunedAst(tmp_path, "cpu")
    assert isinstance(read, Classifier)
    assert read.class_names == CLASSES
    p = read.probabilities(AUDIO, 8000.0)
    assert p.shape == (2, 3)
    torch.testing.assert_close(p.sum(dim=1), torch.ones(2))
    again = FineTunedAst(tmp_path, "cpu").probabilities(AUDIO, 8000.0)
    assert torch.equal(p, again)
    assert read.identity != stand_in_classifier(CLASSES).identity


def test_stand_ins_need_no_file():
    classifier = stand_in_classifier(CLASSES)
    assert classifier.class_names == CLASSES
    assert classifier.probabilities(AUDIO, 16000.0).shape == (2, 3)


@pytest.mark.slow
def test_the_transformer_under_the_new_head_is_the_published_one(monkeypatch):
    """Random weights stand for the published ones, in the published architecture."""
    body = STAND_IN.body()
    monkeypatch.setattr(Ast, "body", lambda self: body)
    network = new_network(Ast(device="cpu"), 3)
    for name, value in network.audio_spectrogram_transformer.state_dict().items():
        assert torch.equal(value, body[name]), name
    assert network.classifier.dense.out_features == 3
