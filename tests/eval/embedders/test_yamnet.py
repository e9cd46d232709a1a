"""YAMNet's patches against librosa, its errors, and, where the file is there, its judgement."""

import csv
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch

from eval.embedders.examples import examples
from eval.embedders.log_mel import LogMel, mel_weights
from eval.embedders.mobilenet import MobileNet
from eval.embedders.tflite import Interpreters
from eval.embedders.yamnet import PATCH_HOP, YamNet

SHARED = Path(__file__).resolve().parents[4] / "shared"
MODEL = SHARED / "pretrained" / "yamnet_spectra_in.tflite"
NAMES = {
    "dog_bark": ["Dog", "Bark"],
    "rooster": ["Chicken, rooster", "Crowing, cock-a-doodle-doo"],
    "rain": ["Rain", "Raindrop", "Rain on surface"],
    "sea_waves": ["Ocean", "Waves, surf"],
    "fire_crackling": ["Fire", "Crackle"],
    "baby_cry": ["Baby cry, infant cry", "Crying, sobbing"],
    "person_sneeze": ["Sneeze"],
    "clock_tick": ["Clock", "Tick", "Tick-tock"],
    "helicopter": ["Helicopter"],
    "chainsaw": ["Chainsaw"],
}


def patches(wave):
    return examples(wave[None], LogMel(offset=0.001), PATCH_HOP, whole=True)[0]


@pytest.mark.parametrize(
    ("n_samples", "n_patches"), [(1, 1), (15600, 1), (15601, 2), (32000, 4), (80000, 10)]
)
def test_the_whole_sound_is_in_patches(n_samples, n_patches):
    wave = torch.randn(n_samples, generator=torch.Generator().manual_seed(0))
    assert patches(wave).shape == (n_patches, 96, 64)


def test_patches_are_log_mel_spectra():
    wave = 0.1 * np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    frames = librosa.util.frame(wave, frame_length=400, hop_length=160)[:, :96]
    window = np.hanning(401)[:400, None]
    magnitude = np.abs(np.fft.rfft(frames * window, 512, axis=0))
    theirs = np.log(magnitude.T @ mel_weights() + 0.001)
    np.testing.assert_allclose(patches(torch.from_numpy(wave))[0], theirs, atol=1e-3)


def test_the_stand_in_is_of_yamnets_size():
    """3.7 M weights (the model's card), in the layers of MobileNet v1 with one channel in."""
    n_weights = sum(p.numel() for p in MobileNet(521).parameters())
    assert 3.6e6 < n_weights < 3.8e6


def test_a_missing_file_is_one_clear_error(tmp_path):
    embedder = YamNet(tmp_path / "none.tflite")
    with pytest.raises(
        FileNotFoundError, match=r"yamnet_spectra_in.tflite is not at .*none\.tflite: make weights-"
    ):
        embedder.embed(torch.zeros(1, 16000), 16000.0)
    with pytest.raises(FileNotFoundError, match=r"yamnet_class_map\.csv is not at .*make weights-"):
        embedder.class_index("Dog")


def test_another_file_is_one_clear_error(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"not a model")
    with pytest.raises(ValueError, match=r"broken\.tflite: is not .* as published: its SHA-256"):
        YamNet(path).embed(torch.zeros(1, 16000), 16000.0)
    pytest.importorskip("ai_edge_litert")
    with pytest.raises(ValueError, match=r"broken\.tflite is no TensorFlow Lite model"):
        Interpreters(path, 1, 1024, 521)


@pytest.fixture(scope="module")
def yamnet():
    if not MODEL.is_file():
        pytest.skip(f"needs {MODEL}")
    return YamNet(MODEL)


@pytest.mark.shared
def test_embeddings_and_scores(yamnet):
    audio = 0.1 * torch.randn(2, 24000, generator=torch.Generator().manual_seed(0))
    embeddings, scores = yamnet.embed(audio, 16000.0), yamnet.log_scores(audio, 16000.0)
    assert embeddings.shape == (2, yamnet.dimension)
    assert scores.shape == (2, 521)
    assert (scores < 0).all()
    assert yamnet.class_names[int(scores[0].argmax())] in {"White noise", "Noise", "Static"}
    torch.testing.assert_close(yamnet.embed(audio[1:], 16000.0), embeddings[1:])
    assert "0a266465" in yamnet.identity
    with pytest.raises(KeyError, match="no class of YAMNet"):
        yamnet.class_index("Unicorn")


@pytest.mark.shared
def test_several_workers_hear_the_same(yamnet):
    audio = 0.1 * torch.randn(3, 40000, generator=torch.Generator().manual_seed(0))
    together = YamNet(MODEL, workers=3)
    assert torch.equal(together.embed_frames(audio, 16000.0), yamnet.embed_frames(audio, 16000.0))
    assert together.identity == yamnet.identity


@pytest.mark.shared
def test_a_folder_is_as_good_as_a_file(yamnet):
    assert YamNet(MODEL.parent).identity == yamnet.identity
    assert YamNet(MODEL.parent).class_names == yamnet.class_names


@pytest.mark.shared
@pytest.mark.slow
def test_zero_shot_by_class_name_on_esc_10(yamnet):
    """97 % were seen elsewhere with this file."""
    folder = SHARED / "realdata" / "esc10"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}")
    columns = {label: [yamnet.class_index(n) for n in names] for label, names in NAMES.items()}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    correct = 0
    for row in rows:
        wave, rate = soundfile.read(folder / row["file"], dtype="float32")
        scores = yamnet.log_scores(torch.from_numpy(wave)[None], float(rate))[0]
        best = max(columns, key=lambda label: float(scores[columns[label]].max()))
        correct += best == row["label"]
    print(f"YAMNet zero-shot on ESC-10: {correct} of {len(rows)}")
    assert correct / len(rows) >= 0.95
