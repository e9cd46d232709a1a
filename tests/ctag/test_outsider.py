"""Sounds found by the acoustic scorer before a judge that the search never heard: YAMNet.

`pytest -m shared tests/ctag/test_outsider.py -s` prints all figures; about 5 minutes on two cores.
"""

from pathlib import Path

import jax
import numpy as np
import pytest
import torch

from ctag.scorers.acoustic import AcousticScorer
from ctag.search import Search
from ctag.strategies.registry import strategy_named
from eval.embedders.yamnet import YamNet
from synth.config import SynthConfig
from synth.synth import Voice

SHARED = Path(__file__).resolve().parents[3] / "shared"
pytestmark = pytest.mark.shared

CLASSES = {
    "dog": ["Dog", "Bark"],
    "rooster": ["Chicken, rooster", "Crowing, cock-a-doodle-doo"],
    "rain": ["Rain", "Raindrop", "Rain on surface"],
    "sea waves": ["Ocean", "Waves, surf"],
    "crackling fire": ["Fire", "Crackle"],
    "crying baby": ["Baby cry, infant cry", "Crying, sobbing"],
    "sneezing": ["Sneeze"],
    "clock tick": ["Clock", "Tick", "Tick-tock"],
    "helicopter": ["Helicopter"],
    "chainsaw": ["Chainsaw"],
}
"""ESC-10's labels with the classes of YAMNet that mean them; the best of these is the score."""

ITERATIONS, POPULATION = 150, 50
N_RANDOM = 1000


def shared(*parts):
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {path}")
    return path


def random_sounds(synth, count, at_a_time=100):
    """Yields batches of sounds with parameters uniform in [0, 1]."""
    for batch in range(count // at_a_time):
        key = jax.random.fold_in(jax.random.PRNGKey(1), batch)
        yield synth.render(jax.random.uniform(key, (at_a_time, synth.n_params)))


def test_yamnet_hears_the_labels_in_the_found_sounds():
    yamnet = YamNet(shared("pretrained", "yamnet_spectra_in.tflite"))
    config = SynthConfig(sample_rate=48000, buffer_size_seconds=2.0, control_rate=480)
    synth = Voice(config=config)

    def label_scores(audio):
        scores = yamnet.log_scores(torch.from_numpy(np.array(audio)), 48000.0).numpy()
        columns = [[yamnet.class_index(name) for name in names] for names in CLASSES.values()]
        return np.stack([scores[:, index].max(1) for index in columns])

    search = Search(synth, strategy_named("les"), AcousticScorer(), ITERATIONS, POPULATION)
    result = search.run(list(CLASSES), jax.random.PRNGKey(0))
    found = np.diag(label_scores(result.audio))
    random = np.concatenate([label_scores(a) for a in random_sounds(synth, N_RANDOM)], 1)
    beats = found > random.mean(1)
    print(f"\n{AcousticScorer().caveat}\nYAMNet's log-score of the label, {N_RANDOM} random:")
    for row, label in enumerate(CLASSES):
        print(
            f"{label:16s} acoustic {result.score[row]:.3f}  found {found[row]:7.2f}  "
            f"random mean {random[row].mean():7.2f}  above {np.mean(random[row] < found[row]):.1%}"
        )
    print(f"{beats.sum()} of {len(CLASSES)} above the mean")
    assert beats.sum() >= 8
