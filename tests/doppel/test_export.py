"""ONNX files hear what the encoders hear that they were made from, in a runtime of other people."""

import json
import sys

import pytest
import torch

from doppel import hear
from doppel.checkpoint import save_encoder
from doppel.encoders.ast import AstEncoder
from doppel.encoders.resnet import ResNetEncoder
from doppel.export import main
from eval.embedders.stand_ins import seeded, spread

RESNET = ResNetEncoder(width=4)
AST = AstEncoder(hidden=24, layers=2, heads=2, intermediate=48)


def saved(folder, encoder):
    path = folder / "encoder.safetensors"
    save_encoder(path, seeded(lambda: spread(encoder.build()), 0), encoder, {"licence": "CC0-1.0"})
    return path


@pytest.mark.slow
@pytest.mark.parametrize("encoder", [RESNET, AST], ids=["resnet", "ast"])
def test_equal_outputs_for_any_number_and_length(tmp_path, capsys, encoder):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    path, out = saved(tmp_path, encoder), tmp_path / "encoder.onnx"
    assert main([str(path), str(out)]) == 0
    assert "audio (batch, n_samples at 16 kHz) to vectors" in capsys.readouterr().out
    session = runtime.InferenceSession(out, providers=["CPUExecutionProvider"])
    (given,), (taken,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape) == ("audio", ["batch", "n_samples"])
    assert (taken.name, taken.shape) == ("vectors", ["batch", encoder.dimension])
    model = hear.load_model(path)
    generator = torch.Generator().manual_seed(0)
    for n_sounds, n_samples in ((1, 15600), (3, 16000), (2, 30959), (2, 30960), (5, 80000)):
        sounds = 0.3 * torch.randn(n_sounds, n_samples, generator=generator)
        sounds[0] = torch.sin(torch.arange(n_samples) * 0.2)  # a loud tone leaves empty bands
        (ours,) = session.run(None, {"audio": sounds.numpy()})
        expected = hear.get_scene_embeddings(sounds, model)
        torch.testing.assert_close(torch.from_numpy(ours), expected, rtol=1e-4, atol=1e-4)
    said = session.get_modelmeta().custom_metadata_map
    assert said["sample_rate"] == "16000"
    assert json.loads(said["about"]) == {"licence": "CC0-1.0"}
    assert sorted(file.name for file in tmp_path.iterdir()) == ["encoder.onnx", path.name]


def test_errors_are_one_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert main([str(saved(tmp_path, RESNET)), str(tmp_path / "x.onnx")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install onnxscript")
    assert main([str(tmp_path / "none.safetensors"), str(tmp_path / "x.onnx")]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: no encoder at")
    assert not (tmp_path / "x.onnx").exists()
