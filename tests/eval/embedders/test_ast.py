"""AST's front end against torchaudio and transformers, and the published file's names."""

import json

import numpy as np
import pytest
import torch

from eval.embedders.ast import CONFIG, WEIGHTS, Ast, features
from eval.embedders.kaldi import filter_banks

# One layer's weights as transformers 4 wrote them, and their shapes.
LAYER = {
    "attention.attention.query": (768, 768),
    "attention.attention.key": (768, 768),
    "attention.attention.value": (768, 768),
    "attention.output.dense": (768, 768),
    "intermediate.dense": (3072, 768),
    "output.dense": (768, 3072),
    "layernorm_before": (768,),
    "layernorm_after": (768,),
}


@pytest.fixture(scope="module")
def waves():
    rng = np.random.default_rng(0)
    waves = 0.1 * rng.standard_normal((3, 24000)).astype(np.float32)
    waves[1] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24000) / 16000)
    waves[2] = 0.0
    return waves


def test_filter_banks_are_torchaudios(waves):
    from torchaudio.compliance import kaldi

    ours = filter_banks(torch.from_numpy(waves))
    for wave, banks in zip(waves, ours, strict=True):
        theirs = kaldi.fbank(
            torch.from_numpy(wave)[None],
            sample_frequency=16000,
            window_type="hanning",
            num_mel_bins=128,
        )
        torch.testing.assert_close(banks, theirs, atol=2e-3, rtol=0)


@pytest.mark.parametrize("n_samples", [24000, 200000])
def test_features_are_transformers(n_samples):
    from transformers import ASTFeatureExtractor

    wave = 0.1 * np.random.default_rng(1).standard_normal(n_samples).astype(np.float32)
    theirs = ASTFeatureExtractor()(wave, sampling_rate=16000, return_tensors="pt").input_values
    torch.testing.assert_close(features(torch.from_numpy(wave)[None]), theirs, atol=3e-4, rtol=0)


@pytest.mark.slow
def test_the_published_file_is_read_by_its_names(tmp_path, waves):
    """A file with the published names gives what transformers gives with the same numbers."""
    from safetensors.torch import save_file
    from transformers import ASTConfig, ASTForAudioClassification

    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(shape, generator=generator) * (0.05 if len(shape) > 1 else 0.1)

    body = "audio_spectrogram_transformer"
    state = {
        f"{body}.embeddings.cls_token": random(1, 1, 768),
        f"{body}.embeddings.distillation_token": random(1, 1, 768),
        f"{body}.embeddings.position_embeddings": random(1, 1214, 768),
        f"{body}.embeddings.patch_embeddings.projection.weight": random(768, 1, 16, 16),
        f"{body}.embeddings.patch_embeddings.projection.bias": random(768),
        "classifier.dense.weight": random(527, 768),
        "classifier.dense.bias": random(527),
    }
    for norm in (f"{body}.layernorm", "classifier.layernorm"):
        state |= {f"{norm}.weight": 1 + random(768), f"{norm}.bias": random(768)}
    for i in range(12):
        for name, shape in LAYER.items():
            state[f"{body}.encoder.layer.{i}.{name}.weight"] = random(*shape)
            state[f"{body}.encoder.layer.{i}.{name}.bias"] = random(shape[0])
    labels = {str(i): f"label {i}" for i in range(527)}
    save_file(state, tmp_path / WEIGHTS)
    (tmp_path / CONFIG).write_text(json.dumps({"id2label": labels}))
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    save_file(state, theirs / "model.safetensors", metadata={"format": "pt"})
    ASTConfig(num_labels=527).save_pretrained(theirs)
    reference = ASTForAudioClassification.from_pretrained(theirs).eval()
    ours = Ast(tmp_path / WEIGHTS, device="cpu")
    audio = torch.from_numpy(waves[:1])
    with torch.no_grad():
        expected = reference(features(audio))
        pooled = reference.audio_spectrogram_transformer(features(audio)).pooler_output
    torch.testing.assert_close(ours.embed(audio, 16000.0), pooled, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.probabilities(audio, 16000.0), expected.logits.sigmoid())
    assert ours.class_names[526] == "label 526"


@pytest.mark.slow
def test_a_file_that_lacks_a_layer_is_refused(tmp_path):
    from safetensors.torch import save_file

    save_file({"classifier.dense.bias": torch.zeros(527)}, tmp_path / WEIGHTS)
    with pytest.raises(ValueError, match=r"does not fit ASTForAudioClassification: it lacks"):
        Ast(tmp_path, device="cpu").embed(torch.zeros(1, 16000), 16000.0)


def test_class_names_that_are_not_audiosets_are_refused(tmp_path):
    (tmp_path / CONFIG).write_text(json.dumps({"id2label": {"0": "Speech"}}))
    with pytest.raises(ValueError, match="names 1 classes in id2label, not 527"):
        Ast(tmp_path, device="cpu").class_names  # noqa: B018
