"""The jobs of doppel/pretrain and doppel/speed: what they leave, go on from, and refuse."""

import csv

import numpy as np
import pytest
import soundfile

from doppel.checkpoint import load_encoder
from doppel.sources.real import RealSource
from scripts.jobs.pretrain.job import Pretrain
from scripts.jobs.pretrain.speed import STAGES, PretrainSpeed
from scripts.runtime.errors import UserError
from scripts.runtime.tracker import NoTracker
from tests.doppel.training.stand_in import recipe
from tests.scripts.jobs.sets_of_sounds import plain_run

CONFIG = {"scale": "small", "rerun": False, "seed": 3}


def a_job(**changes):
    settings = {"recipe": recipe(), "examples": 1, "device": "cpu", "listen_every": 0}
    return Pretrain(**settings | changes)


def a_run(folder):
    run = plain_run(folder)
    run.config, run.check = CONFIG, None
    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, a_job()(a_run(folder))


def weights(folder):
    return load_encoder(folder / "encoder.safetensors").module.state_dict()


def apart(first, second):
    return max(float((first[n].double() - second[n].double()).abs().max()) for n in first)


def test_it_leaves_an_encoder_its_history_and_a_page(finished):
    folder, metrics = finished
    about = load_encoder(folder / "encoder.safetensors").about
    assert (about["seed"], about["scale"]) == (3, "small")
    with (folder / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["step"]) for row in rows] == [3.0, 6.0, 9.0]
    assert float(rows[-1]["validation/loss"]) == metrics["validation/loss"]
    assert metrics["epochs"] == 3.0
    assert (folder / "history.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "index.html").read_text().count("<audio") == 2


def test_the_tracker_hears_and_sees_pairs_every_few_epochs(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(NoTracker, "audio", lambda self, name, *_: told.append(name))
    monkeypatch.setattr(NoTracker, "figure", lambda self, name, figure: told.append(figure.axes))
    a_job(recipe=recipe(epochs=2), listen_every=2)(a_run(tmp_path))
    (seen, *heard) = told
    assert [axes.get_title() for axes in seen] == ["pair 1, first view", "pair 1, second view"]
    assert heard == ["pairs/1-first", "pairs/1-second"]


def test_untrained_is_the_first_weights_and_half_precision_is_near(finished, tmp_path):
    metrics = a_job(untrained=True)(a_run(tmp_path / "a"))
    assert metrics == {"epochs": 0.0}
    a_job(untrained=True, dtype="float16")(a_run(tmp_path / "b"))
    first, half = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert 0 < apart(first, half) < 1e-3
    assert apart(first, weights(finished[0])) > 1e-3


def test_recordings_fine_tune_what_synthetic_pairs_taught(finished, tmp_path):
    """A hybrid of the thesis, section 5.4: first synthetic pairs, then real ones."""
    rng = np.random.default_rng(0)
    for number in range(6):
        soundfile.write(tmp_path / f"{number}.wav", 0.1 * rng.standard_normal(8000), 16000)
    real = RealSource(tmp_path, kind="jitter", duration_s=0.1)
    short = recipe(source=real, epochs=1)
    start = finished[0] / "encoder.safetensors"
    metrics = a_job(recipe=short, start=start)(a_run(tmp_path / "tuned"))
    a_job(recipe=short)(a_run(tmp_path / "alone"))
    before, tuned, alone = weights(finished[0]), weights(tmp_path / "tuned"), weights(
        tmp_path / "alone"
    )
    assert metrics["step"] == 3.0
    assert 0 < apart(before, tuned) < apart(before, alone)


def test_what_cannot_begin_is_refused(finished, tmp_path):
    start = finished[0] / "encoder.safetensors"
    with pytest.raises(UserError, match="an encoder has one start"):
        a_job(start=start, start_run=object())(a_run(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"nothing\.safetensors"):
        a_job(start=tmp_path / "nothing.safetensors")(a_run(tmp_path))


def test_a_collapse_is_one_message(tmp_path):
    with pytest.raises(UserError, match="nearly the same of all sounds"):
        a_job(recipe=recipe(collapsed_below=99.0))(a_run(tmp_path))


def test_another_rank_does_not_begin_anew_beside_rank_0(tmp_path):
    with pytest.raises(UserError, match="delete the folder, and leave rerun out"):
        a_job().assist(CONFIG | {"rerun": True}, tmp_path)
    a_job(untrained=True).assist(CONFIG, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_shares_of_a_step_are_all_of_it(tmp_path):
    job = PretrainSpeed(recipe(), ("ours",), steps=2, rounds=2, device="cpu")
    metrics = job(a_run(tmp_path))
    shares = [metrics[f"ours/share/{stage}"] for stage in STAGES]
    assert all(share > 0 for share in shares)
    assert sum(shares) == pytest.approx(1.0, abs=0.3)  # medians of two rounds
    assert metrics["ours/pairs_per_second"] > 0
    with (tmp_path / "seconds.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 2
