"""The groups of pretraining's pairs: every choice is composed, checked, built and gives pairs."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from doppel.perturbation import Perturbation, bound
from doppel.schedule import Schedule
from doppel.sources.protocol import PairSource
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_value
from scripts.runtime.compose import register_resolvers
from scripts.runtime.configuration import check_top_level
from scripts.runtime.errors import ConfigError
from scripts.runtime.plugins import make_importable
from synth.config import SynthConfig
from synth.synth import ParametricSynth, Voice, VoiceFM


def choices(group):
    return sorted(path.stem for path in (CONF / group).glob("*.yaml"))


def composed(*overrides):
    """The resolved configuration of a job that is none, on a tiny synth."""
    from hydra import compose, initialize_config_dir

    make_importable()
    register_resolvers()
    tiny = ["synth=oneosc", "sample_rate=8000", "duration_s=0.1", "+delta=0.1", "scale=smoke"]
    with initialize_config_dir(str(CONF), job_name="run", version_base="1.3"):
        made = compose("config", [*tiny, "job={}", *overrides])
    plain = OmegaConf.to_container(made, resolve=True)
    assert isinstance(plain, dict)
    return plain


def made(node, annotation):
    report = Report()
    check_value(node, annotation, ("node",), report)
    assert not report.problems
    return build(node)


@pytest.mark.parametrize("name", choices("pairs"))
def test_pairs(name):
    given = ["pairs.folder=my/sounds"] if name == "folder" else []
    source = made(composed(f"+pairs={name}", *given)["pairs"], PairSource)
    assert source.sample_rate == 8000
    size = 128 if name == "mixed" else 64  # 64 synthetic ones, as in other tests: one program
    for view in source.training(0, size).batch(0, 0).to_torch():
        assert view.shape == (size, 800)


def test_pairs_take_another_perturbation_and_other_sources():
    plain = composed(
        "+pairs=mixed",
        "perturbation@pairs.sources.synthetic.perturbation=only",
        "pairs@pairs.sources.real=vggsound_jitter",
        "pairs.shares.real=0.2",
    )
    source = made(plain["pairs"], PairSource)
    assert source.sources["synthetic"].perturbation.names == ("keyboard*.midi_f0",)
    assert source.sources["real"].command == "make data-vggsound"
    assert source.shares == {"synthetic": 0.5, "real": 0.2}


def test_an_experiment_with_a_synthesizer_may_be_given_recordings():
    raw = {"synth": {"_target_": "x"}, "pairs": {"folder": "y"}, "job": {"pairs": "${pairs}"}}
    check_top_level(raw, ["pairs=pool_same"])
    with pytest.raises(ConfigError, match="synth: nothing reads this key"):
        check_top_level(raw, ["pairs=pool_same", "synth=voice"])
    with pytest.raises(ConfigError, match="snth: nothing reads this key"):
        check_top_level({**raw, "snth": 1}, [])


@pytest.mark.parametrize("name", choices("perturbation"))
def test_perturbations_know_the_published_synths(name):
    config = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
    perturbation = build(composed(f"+perturbation={name}")["perturbation"])
    for synth in (Voice(config), VoiceFM(config), ParametricSynth(config)):
        assert isinstance(bound(perturbation, synth.parameters), Perturbation)


@pytest.mark.parametrize("name", choices("delta_schedule"))
def test_schedules(name):
    schedule = made(composed(f"+delta_schedule={name}")["delta_schedule"], Schedule)
    state = schedule.start()
    deltas = [schedule.delta(state, share) for share in (0.0, 0.5, 1.0)]
    assert all(0 < delta <= 0.1 for delta in deltas)
