"""The encoder that comes with the package: it is there, its card is of it, it has learned."""

import csv
import hashlib
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from doppel import hear
from doppel.checkpoint import about_encoder
from eval.harness.audio import read

ESC10 = Path(__file__).parents[3] / "shared" / "realdata" / "esc10"
CARD = hear.DEFAULT.with_suffix(".md")


def test_it_is_small_and_the_one_that_its_card_describes():
    data = hear.DEFAULT.read_bytes()
    assert len(data) < 3_000_000
    card = CARD.read_text()
    assert hashlib.sha256(data).hexdigest() in card
    about = about_encoder(hear.DEFAULT)["about"]
    assert f"run {about['run']}" in card
    assert about["experiment"] == "doppel/default"
    assert re.search(r"Apache[- ]2\.0", card)


def test_it_tells_sounds_apart_that_a_new_encoder_does_not():
    """Two windows of one noise of a colour are more alike than those of two; so with tones."""
    generator = torch.Generator().manual_seed(0)
    time = torch.arange(31200) / 16000
    tones = [torch.sin(2 * math.pi * hz * time) for hz in (220, 440, 1760)]
    noise = torch.randn(3, 31200, generator=generator)
    coloured = [noise[0], noise[1].cumsum(0) / 100, noise[2].diff(prepend=noise[2, :1])]
    sounds = 0.1 * torch.stack([*tones, *coloured])
    halves = torch.cat([sounds[:, :15600], sounds[:, 15600:]])
    vectors = hear.get_scene_embeddings(halves, hear.load_model("default"))
    units = torch.nn.functional.normalize(vectors, dim=1)
    likeness = units[:6] @ units[6:].T
    assert (likeness.argmax(1) == torch.arange(6)).all()
    others = likeness[~torch.eye(6, dtype=torch.bool)]
    assert likeness.diagonal().min() > others.max()


@pytest.mark.shared
@pytest.mark.skipif(not ESC10.is_dir(), reason=f"no recordings in {ESC10}")
def test_recordings_are_told_apart_better_than_untrained():
    """Nearest class mean over five folds of ESC-10, with nothing of our probes."""
    with (ESC10 / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    waves = np.zeros((len(rows), 80000), np.float32)
    for row, wave in zip(rows, waves, strict=True):
        heard, _ = read(ESC10 / row["file"], 16000.0)
        wave[: heard.size] = heard[:80000]
    labels, folds = (np.array([row[key] for row in rows]) for key in ("label", "fold"))

    def score(path):
        model = hear.load_model(path)
        parts = torch.from_numpy(waves).split(50)
        heard = torch.cat([hear.get_scene_embeddings(part, model) for part in parts]).numpy()
        right = 0
        for fold in np.unique(folds):
            train = folds != fold
            mean, std = heard[train].mean(0), heard[train].std(0) + 1e-9
            scaled = (heard - mean) / std
            names = np.unique(labels)
            means = np.stack([scaled[train & (labels == name)].mean(0) for name in names])
            near = ((scaled[~train, None] - means) ** 2).sum(2).argmin(1)
            right += (names[near] == labels[~train]).sum()
        return right / len(rows)

    learned, untrained = score("default"), score("")
    assert learned > 0.7
    assert learned > untrained + 0.1
