"""The laion-clap package as it comes, at random weights: its own `CLAP_Module`, without a network.

Importing it needs torchvision, for names that inference does not use but for one (`Resize`, of
spectrograms of long sounds), and three tokenizers; both are stood in for during the import.
"""

from __future__ import annotations

import json
import sys
import warnings
from types import ModuleType
from typing import Any
from unittest import mock

import torch


class _Anything(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return object


def _resize(size):
    """torchvision's for tensors, as it was when the weights were trained: no smoothing."""
    return lambda mel: torch.nn.functional.interpolate(mel[None], size=size, mode="bilinear")[0]


def clap_module(folder, fusion=False, architecture="HTSAT-tiny", seed=4) -> Any:
    """The package's model; its tokenizer reads a small vocabulary that is written to a folder."""
    from transformers import (
        PreTrainedTokenizerBase,
        RobertaConfig,
        RobertaModel,
        RobertaTokenizer,
    )

    vocabulary(folder)
    tokenizer = RobertaTokenizer.from_pretrained(str(folder / "roberta-base"))
    config = RobertaConfig(
        vocab_size=50265,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
    )

    def make(name):
        return RobertaModel(config)

    names = ("", ".datasets", ".transforms", ".ops", ".ops.misc")
    stubs = {f"torchvision{name}": _Anything(f"torchvision{name}") for name in names}
    stubs["torchvision"].transforms = stubs["torchvision.transforms"]
    stubs["torchvision"].datasets = stubs["torchvision.datasets"]
    stubs["torchvision.transforms"].Resize = _resize
    stubs["torchvision.ops.misc"].FrozenBatchNorm2d = torch.nn.BatchNorm2d
    kept = list(sys.path)
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(),
        mock.patch.dict(sys.modules, stubs),
        mock.patch.object(PreTrainedTokenizerBase, "from_pretrained", return_value=tokenizer),
        mock.patch.object(RobertaModel, "from_pretrained", side_effect=make),
    ):
        warnings.simplefilter("ignore")
        import laion_clap

        torch.manual_seed(seed)
        module = laion_clap.CLAP_Module(fusion, "cpu", architecture).eval()
        if fusion:  # batch normalisation that does nothing would hide mistakes
            for part in module.modules():
                if isinstance(part, torch.nn.BatchNorm2d):
                    part.running_mean.normal_()
                    part.running_var.uniform_(0.5, 2.0)
    sys.path[:] = kept
    module.tokenize = tokenizer
    return module


def save(module, path):
    """Write a checkpoint of the module as the release's are: of a parallel model, with extras."""
    import numpy as np

    state = {f"module.{name}": value for name, value in module.model.state_dict().items()}
    state["module.text_branch.embeddings.position_ids"] = torch.arange(514)[None]
    torch.save({"epoch": 3, "name": "x", "state_dict": state, "best": np.float64(0.25)}, path)
    return path


def vocabulary(folder):
    """A byte-level vocabulary of a few tokens in roberta-base's layout."""
    own = folder / "roberta-base"
    own.mkdir(exist_ok=True)
    tokens = ["<s>", "<pad>", "</s>", "<unk>", "a", "b", "Ġ", "aa", "<mask>"]
    (own / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (own / "merges.txt").write_text("#version: 0.2\na a\n")
