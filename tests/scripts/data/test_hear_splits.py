"""The draws of hear-preprocess, beside the functions of pandas that it calls."""

from __future__ import annotations

import hashlib
from collections import Counter

import pandas as pd
import pytest

from scripts.data.hear_splits import hear_subset, new_folds


@pytest.mark.parametrize(("n_names", "n_files"), [(4321, 4000), (500, 500), (30, 500), (3, 1)])
def test_the_subset_is_what_pandas_samples(n_names, n_files):
    names = [f"bass_{number * 7919 % n_names:05d}-021-025" for number in range(n_names)]
    frame = pd.DataFrame({"unique_filestem": names}).sort_values("unique_filestem")
    seed = int(hashlib.sha1(b"SubsampleSplit(valid)").hexdigest(), 16) % (2**32 - 1)
    expected = frame.sample(frac=1, random_state=seed)["unique_filestem"].tolist()[:n_files]
    assert hear_subset(names, "valid", n_files) == expected
    assert hear_subset(names[::-1], "valid", n_files) == expected
    if 100 < n_files < n_names:
        assert hear_subset(names, "train", n_files) != expected


def test_folds_are_even_and_each_has_every_label():
    labels = {f"clip{number:04d}": number % 40 for number in range(1002)}
    folds = new_folds(labels, 5)
    assert folds.keys() == labels.keys()
    assert sorted(Counter(folds.values()).values()) == [200, 200, 200, 201, 201]
    for fold in ("fold00", "fold04"):
        assert {labels[name] for name in labels if folds[name] == fold} == set(range(40))
    assert new_folds(dict(reversed(labels.items())), 5) == folds


def test_another_seed_is_tried_where_a_fold_lacks_a_label():
    """Three clips of a label in three folds: only one shuffle in nine deals one to each."""
    labels = {f"clip{number}": number // 3 for number in range(9)}
    folds = new_folds(labels, 3)
    for fold in ("fold00", "fold01", "fold02"):
        assert {labels[name] for name in labels if folds[name] == fold} == {0, 1, 2}
    with pytest.raises(ValueError, match="4 files cannot be dealt out to 3 folds"):
        new_folds({"a": 0, "b": 0, "c": 0, "d": 1}, 3)
