"""Every file of conf/sounds: composed, checked, built, and heard where it can be."""

import dataclasses

import numpy as np
import pytest
from omegaconf import OmegaConf

from eval.harness import audio
from eval.sounds.arrays import ArraySounds
from eval.sounds.base import Clip, Sounds
from eval.tasks.base import Fold, Task
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_node
from scripts.sounds.task_audio import TaskAudio, numbers_of

NAMES = sorted(path.stem for path in (CONF / "sounds").glob("*.yaml"))
FEW = {
    "sample_rate": 8000,
    "duration_s": 0.1,
    "control_rate": None,
    "seed": 3,
    "assets": "stand_in",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Six files of 1, 2, ... 6 tenths of ten seconds in each folder that the sets name."""
    root = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    for folder in ("pool", "esc10", "fsdd", "gm_notes", "vggsound", "recordings"):
        for number in range(6):
            wave = rng.uniform(-0.1, 0.1, 1600 * (number + 1)).astype(np.float32)
            audio.write(root / folder / f"{number}.wav", wave, 800)
    return root


def composed(name, files, **settings):
    """What Hydra makes of the file's own defaults, for the one kind that they have here."""
    node = OmegaConf.load(CONF / "sounds" / f"{name}.yaml")
    for choice in node.pop("defaults", []):
        ((group, file),) = choice.items()
        group, key = group.strip("/").split("@")
        inner = OmegaConf.load(CONF / group / f"{file}.yaml")
        for deeper in inner.pop("defaults", []):
            ((other, file),) = deeper.items()
            other, place = other.strip("/").split("@")
            inner[place] = OmegaConf.load(CONF / other / f"{file}.yaml")
        node[key] = inner
    node.update(settings)
    if name == "folder":
        node.sounds.sounds.folder = str(files / "recordings")
    whole = OmegaConf.create(
        {"paths": dict.fromkeys(("realdata", "data", "cache"), str(files)), "node": node}
    )
    return OmegaConf.merge(whole, FEW)


def plain(whole):
    return OmegaConf.to_container(whole, resolve=True)["node"]


@pytest.mark.parametrize("name", NAMES)
def test_every_set_is_built_and_takes_how_many(name, files):
    whole = composed(name, files, n=4)
    report = Report()
    check_node(plain(whole), ("job", "sounds"), report)
    assert not report.problems
    sounds = build(plain(whole))
    assert isinstance(sounds.name, str)
    special = {"folder": "recordings", "task_reference": "synth_pitch"}
    assert sounds.name == special.get(name, name.removeprefix("task_"))
    assert sounds.n == 4


@pytest.mark.parametrize(
    "name", ["oneosc", "shapednoise", pytest.param("task_reference", marks=pytest.mark.slow)]
)
def test_synthesized_sets_are_heard(name, files):
    sounds = build(plain(composed(name, files, n=4)))
    assert isinstance(sounds, Sounds)
    assert len(sounds) == 4
    clips = sounds.clips([0, 3])
    assert all(clip.wave.shape == (800,) for clip in clips)


@pytest.mark.parametrize("name", ["folder", "pool_mix_5s"])
def test_sets_of_files_read_some_of_them(name, files):
    whole = composed(name, files, n=4)
    sounds = build(plain(whole))
    assert len(sounds) == 4
    clips = sounds.clips(range(4))
    assert [clip.wave.size for clip in clips] == [800] * 4
    assert len({clip.name for clip in clips}) == 4
    # Only the chosen files decide the set.
    left = sorted({f"{n}.wav" for n in range(6)} - {clip.name for clip in clips})[0]
    (files / {"folder": "recordings"}.get(name, "pool") / left).write_bytes(b"no audio")
    assert build(plain(whole)).identity == sounds.identity


@dataclasses.dataclass(frozen=True)
class Source:
    """Twelve sounds, whose only sample is their number, in folds as given."""

    folds: tuple[Fold, ...]
    name: str = "numbers"

    def load(self):
        waves = [np.full(1, number, np.float32) for number in range(12)]
        return Task(
            self.name,
            ArraySounds(self.name, waves, 100.0),
            labels=tuple((number % 2,) for number in range(12)),
            vocabulary=("even", "odd"),
            kind="multiclass",
            metrics=("top1_acc",),
            folds=self.folds,
        )


OFFICIAL = Fold("official", (0, 1, 2, 3), (5, 4), (6, 7, 8))
FOLDS = (Fold("fold 1", (4, 5, 6), (7,), (1, 0, 2)), Fold("fold 2", (0, 1, 2), (7,), (4, 5)))
UNSPLIT = Fold("official", (0, 1, 2, 3), (), (6, 7, 8))


@pytest.mark.parametrize(
    ("folds", "split", "expected"),
    [
        ((OFFICIAL,), "valid_or_first_fold", [4, 5]),
        (FOLDS, "valid_or_first_fold", [0, 1, 2]),
        ((UNSPLIT,), "valid_or_first_fold", [6, 7, 8]),
        ((OFFICIAL,), "train", [0, 1, 2, 3]),
        (FOLDS, "valid", [7]),
        ((OFFICIAL,), "test", [6, 7, 8]),
        ((OFFICIAL,), "all", [*range(12)]),
    ],
)
def test_the_audio_of_a_task_is_that_of_the_split(folds, split, expected):
    sounds = TaskAudio(Source(folds), split)
    clips = sounds.clips(range(len(sounds)))
    assert all(isinstance(clip, Clip) for clip in clips)
    assert [int(clip.wave[0]) for clip in clips] == expected
    assert sounds.name == "numbers"


def test_some_of_a_task_are_drawn_by_the_seed():
    draws = {
        tuple(int(c.wave[0]) for c in TaskAudio(Source(FOLDS), "all", 5, seed).clips(range(5)))
        for seed in range(10)
    }
    assert len(draws) > 5
    identities = {TaskAudio(Source(FOLDS), split).identity for split in ("train", "test", "all")}
    assert len(identities) == 3
    with pytest.raises(ValueError, match="official of task numbers has no sounds in its split"):
        numbers_of(Source((UNSPLIT,)).load(), "valid")
