"""Ranks and accuracies from probabilities that are written down."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from scripts.jobs.ablation.recognition import recognise

NAMES = ("Dog", "Bark", "Rain", "Siren", "Speech")


@dataclass(frozen=True)
class Written:
    """Gives the probabilities that a sound's samples are."""

    name = "written"
    sample_rate = 16000.0
    licence = "none"
    identity = "written"
    class_names = NAMES

    def probabilities(self, audio: torch.Tensor, sample_rate: float) -> torch.Tensor:
        return audio


def heard(prompts, rows):
    return recognise(Written(), prompts, np.array(rows, np.float32), 16000.0)


def test_ranks_among_all_classes_and_among_the_prompts():
    found = heard(
        ["dog", "rain", "siren"],
        [
            [0.1, 0.5, 0.2, 0.1, 0.9],  # a dog by its bark, behind speech alone
            [0.3, 0.1, 0.2, 0.1, 0.0],  # rain behind dog
            [0.0, 0.0, 0.4, 0.4, 0.1],  # a tie counts for the prompt
        ],
    )
    assert found.classes[0] == ("Dog", "Bark")
    assert found.rank.tolist() == [2, 2, 1]
    assert found.rank_among.tolist() == [1, 2, 1]
    assert found.probability == pytest.approx([0.5, 0.2, 0.4])
    assert found.first == ("Speech", "Dog", "Rain")
    metrics = found.metrics()
    assert metrics["accuracy"] == pytest.approx(2 / 3)
    assert metrics["accuracy_of_all"] == pytest.approx(1 / 3)
    assert metrics["accuracy_of_all_top10"] == 1.0
    assert metrics["median_rank"] == 2.0


def test_prompts_without_a_class_are_left_out():
    found = heard(["dog", "an unheard of thing"], [[0.9, 0.0, 0.1, 0.0, 0.0]] * 2)
    assert np.isnan(found.rank[1])
    assert found.metrics()["prompts_with_class"] == 1.0
    assert found.metrics()["accuracy"] == 1.0
    assert found.facts(1) == [("heard as", "Dog")]
    assert heard(["an unheard of thing"], [[0.1] * 5]).metrics() == {"prompts_with_class": 0.0}
