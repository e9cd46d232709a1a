"""CLAP of transformers: the same numbers as its own processor and model, from a folder of files."""

import json

import numpy as np
import pytest
import torch

from eval.embedders.hf_clap import HfClap
from tests.eval.embedders.clap_package import vocabulary

RATE = 48000
SMALL = {
    "audio_config": {
        "depths": [1, 1],
        "num_attention_heads": [2, 4],
        "patch_embeds_hidden_size": 16,
        "hidden_size": 32,
        "num_hidden_layers": 2,
    },
    "text_config": {
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "vocab_size": 200,
        "max_position_embeddings": 40,
    },
}


def folder_of(tmp_path, config, truncation="rand_trunc", safe=True):
    """A folder as a release of transformers has it, and the model in it, at random weights."""
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    vocabulary(tmp_path)
    folder = tmp_path / "roberta-base"
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = ClapModel(ClapConfig(**config)).eval()
        for name, value in model.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(500.0, 1000.0)
    if safe:
        model.save_pretrained(folder)
    else:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
        model.config.save_pretrained(folder)
    extractor = ClapFeatureExtractor(frequency_min=50, truncation=truncation)
    extractor.save_pretrained(folder)
    return folder, model, extractor


def sounds(n_samples):
    seconds = np.arange(n_samples) / RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(n_samples)
    return np.stack([0.4 * np.sin(2 * np.pi * 330 * seconds), noise]).astype(np.float32)


def check(folder, model, extractor, n_samples):
    """Our vectors of sounds and texts against those of the processor and the model."""
    from transformers import RobertaTokenizer

    ours = HfClap(folder, device="cpu")
    waves = sounds(n_samples)
    features = extractor(list(waves), sampling_rate=RATE, return_tensors="pt")
    # A network with fusion takes one short sound, drawn by chance, for a long one: not ours.
    longer = torch.full((2, 1), n_samples > 480480)
    texts = ["aab", "b a a b b"]
    tokens = RobertaTokenizer.from_pretrained(str(folder))(
        texts, padding=True, return_tensors="pt"
    )
    with torch.no_grad():
        audio = model.get_audio_features(features["input_features"].float(), is_longer=longer)
        text = model.get_text_features(tokens["input_ids"], tokens["attention_mask"])
    vectors = ours.embed(torch.from_numpy(waves), RATE)
    torch.testing.assert_close(vectors, audio.pooler_output, atol=5e-5, rtol=0)
    assert (vectors[0] - vectors[1]).norm() > 1e-3
    torch.testing.assert_close(ours.embed_text(texts), text.pooler_output, atol=1e-5, rtol=0)
    one = ours.embed_text(texts[:1])[0]
    torch.testing.assert_close(one, text.pooler_output[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("safe", [True, False])
def test_a_small_one_gives_what_transformers_gives(tmp_path, safe):
    check(*folder_of(tmp_path, SMALL, safe=safe), 110000)


def test_one_with_fusion_gives_what_transformers_gives(tmp_path, monkeypatch):
    monkeypatch.setattr(np.random, "choice", lambda third: third[len(third) // 2])
    fusing = {"enable_fusion": True, "fusion_type": "aff_2d"}
    config = {**SMALL, "audio_config": {**SMALL["audio_config"], **fusing}}
    made = folder_of(tmp_path, config, "fusion")
    for n_samples in (110000, 600000):
        check(*made, n_samples)


@pytest.mark.slow
def test_the_real_architecture_gives_what_transformers_gives(tmp_path):
    check(*folder_of(tmp_path, {}), 110000)


def test_what_does_not_fit_is_refused(tmp_path):
    folder, _, _ = folder_of(tmp_path, SMALL)
    settings = folder / "preprocessor_config.json"
    known = json.loads(settings.read_text())
    settings.write_text(json.dumps({**known, "padding": "pad"}))
    with pytest.raises(ValueError, match=r"has padding='pad', only 'repeatpad' is known"):
        HfClap(folder, device="cpu").embed(torch.zeros(1, 100), RATE)
    settings.unlink()
    with pytest.raises(FileNotFoundError, match=r"no preprocessor_config\.json.*make weights-hf"):
        HfClap(folder, device="cpu").embed(torch.zeros(1, 100), RATE)
    (folder / "config.json").write_text('{"model_type": "clip"}')
    with pytest.raises(ValueError, match="is of a 'clip', not of a 'clap'"):
        HfClap(folder, device="cpu").embed(torch.zeros(1, 100), RATE)


def test_its_identity_is_of_the_files(tmp_path):
    folder, _, _ = folder_of(tmp_path, SMALL)
    before = HfClap(folder).identity
    settings = folder / "preprocessor_config.json"
    settings.write_text(settings.read_text() + "\n")
    assert HfClap(folder).identity != before
    assert HfClap(folder, precision="bfloat16").identity != HfClap(folder).identity
