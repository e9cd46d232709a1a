"""Perturbations by name and in human units: their laws against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from doppel.pairs import SyntheticPairs
from doppel.perturbation import Isotropic, Perturbation, Unbound, bound
from doppel.perturbations.names import by_parameter
from doppel.perturbations.scaled import Correlated, Only, Scaled
from doppel.perturbations.semantic import Semantic
from synth.config import SynthConfig
from synth.parameter import Parameter
from synth.synth import OneOsc, Voice

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
VOICE = Voice(CONFIG).parameters
PARAMETERS = (
    Parameter(0.0, 127.0, 1.0, False, "MIDI", "keyboard.midi_f0"),
    Parameter(0.01, 4.0, 0.5, False, "s", "keyboard.duration"),
    Parameter(0.0, 2.0, 0.5, False, "s", "adsr_1.attack"),
    Parameter(0.0, 1.0, 1.0, False, "", "adsr_1.sustain"),
    Parameter(0.0, 20.0, 0.25, False, "Hz", "lfo_1.frequency"),
    Parameter(-96.0, 96.0, 0.2, True, "semitones", "vco_1.mod_depth"),
    Parameter(0.0, 1.0, 0.025, False, "", "mixer.noise"),
)
NAMES = [p.name for p in PARAMETERS]
N = 4000


def moved(perturbation, delta, theta=0.5, n=N, parameters=PARAMETERS):
    """Moves from one patch, (n, n_params) in float64; not compiled, which would take longer."""
    keys = jax.random.split(jax.random.key(3), n)
    start = jnp.broadcast_to(jnp.asarray(theta, jnp.float32), (len(parameters),))
    move = bound(perturbation, parameters)
    views = jax.vmap(lambda key: move(start, key, jnp.float32(delta)))(keys)
    return np.asarray(views, np.float64)


def gaussian(values, deviation):
    return stats.kstest(values / deviation, "norm").pvalue > 1e-4


UNBOUND = [
    Scaled({"keyboard": 0.1}),
    Correlated(0.7),
    Only(("keyboard.midi_f0",)),
    Semantic({"keyboard.midi_f0": "1 octave", "mixer": "6 dB", "*.attack": "factor 2"}),
]


@pytest.mark.parametrize("perturbation", UNBOUND, ids=lambda p: type(p).__name__)
def test_they_are_perturbations_once_bound(perturbation):
    assert isinstance(perturbation, Unbound)
    move = bound(perturbation, VOICE)
    assert isinstance(move, Perturbation)
    assert hash(move) == hash(bound(perturbation, VOICE))
    assert move == bound(perturbation, VOICE)
    assert bound(move, VOICE) is move
    assert isinstance(hash(perturbation), int)
    for delta in (0.0, 0.25, 30.0):
        views = moved(perturbation, delta, 0.37, 100, VOICE)
        assert ((views >= 0) & (views <= 1)).all()
        if delta == 0:
            np.testing.assert_array_equal(views, np.float32(0.37))
        # At the ends of ranges too, and far away.
        for end in (0.0, 1.0):
            views = moved(perturbation, delta, end, 100, VOICE)
            assert ((views >= 0) & (views <= 1)).all()


def test_scales_of_one_are_isotropic():
    expected = moved(Isotropic(), 0.1)
    for same in (Scaled(), Scaled({"*": 1.0}), Correlated(0.0), Only(("*",)), Semantic()):
        np.testing.assert_allclose(moved(same, 0.1), expected, atol=1e-7)


def test_each_parameter_moves_by_its_own_factor():
    scales = {"keyboard": 0.5, "keyboard.midi_f0": 0.1, "*.attack": 2.0, "lfo_*": 0.0}
    expected = dict.fromkeys(NAMES, 1.0) | {
        "keyboard.midi_f0": 0.1,
        "keyboard.duration": 0.5,
        "adsr_1.attack": 2.0,
        "lfo_1.frequency": 0.0,
    }
    moves = moved(Scaled(scales), 0.02) - 0.5
    for column, name in enumerate(NAMES):
        if expected[name] == 0:
            assert (moves[:, column] == 0).all()
        else:
            assert gaussian(moves[:, column], 0.02 * expected[name]), name
    correlation = np.corrcoef(moves[:, np.ptp(moves, 0) > 0].T)
    assert np.abs(correlation - np.eye(len(correlation))).max() < 4.5 / np.sqrt(N)


def test_one_parameter_or_module_moves_alone():
    moves = moved(Only(("keyboard.midi_f0",)), 0.02) - 0.5
    assert gaussian(moves[:, 0], 0.02)
    assert (moves[:, 1:] == 0).all()
    moves = moved(Only(("adsr_*",)), 0.02) - 0.5
    assert [name for name, spread in zip(NAMES, np.ptp(moves, 0), strict=True) if spread > 0] == [
        "adsr_1.attack",
        "adsr_1.sustain",
    ]


@pytest.mark.parametrize("rho", [0.0, 0.3, 1.0])
def test_parameters_of_a_module_move_together(rho):
    moves = moved(Correlated(rho), 0.02) - 0.5
    assert all(gaussian(column, 0.02) for column in moves.T), "each alone is as isotropic"
    found = np.corrcoef(moves.T)
    modules = np.array([name.split(".")[0] for name in NAMES])
    expected = np.where(modules[:, None] == modules, rho, 0.0)
    np.fill_diagonal(expected, 1.0)
    # Fisher's z has deviation 1 / sqrt(n - 3), and a correlation's is narrower.
    assert np.abs(found - expected).max() < 4.5 / np.sqrt(N - 3) + 1e-5
    if rho == 1:
        np.testing.assert_allclose(moves[:, 2], moves[:, 3], atol=1e-7)


def human(values, name):
    return PARAMETERS[NAMES.index(name)].to_human(values[:, NAMES.index(name)])


def test_steps_are_what_they_say_in_human_units():
    steps = {
        "keyboard.midi_f0": "1 octave",
        "keyboard.duration": "factor 2",
        "adsr_1.attack": "factor 1.5",
        "adsr_1.sustain": "6 dB",
        "lfo_1.frequency": "700 cents",
        "vco_1.mod_depth": "2 semitones",
        "mixer.noise": "12 dB",
    }
    views = moved(Semantic(steps), 0.1, theta=0.6)
    start = {name: human(np.full((1, len(NAMES)), np.float32(0.6)), name)[0] for name in NAMES}
    assert gaussian(human(views, "keyboard.midi_f0") - start["keyboard.midi_f0"], 1.2)
    assert gaussian(human(views, "vco_1.mod_depth") - start["vco_1.mod_depth"], 0.2)
    ratios = {
        "keyboard.duration": 0.1 * np.log(2),
        "adsr_1.attack": 0.1 * np.log(1.5),
        "adsr_1.sustain": 0.1 * 6 / 20 * np.log(10),
        "lfo_1.frequency": 0.1 * 7 / 12 * np.log(2),
        "mixer.noise": 0.1 * 12 / 20 * np.log(10),
    }
    for name, deviation in ratios.items():
        assert gaussian(np.log(human(views, name) / start[name]), deviation), name


def test_steps_in_the_own_unit_are_added_and_others_stay_in_the_unit_range():
    steps = {"adsr_1.attack": "0.2 s", "lfo_1.frequency": "1 Hz", "adsr_1.sustain": "0.3"}
    views = moved(Semantic(steps, default=0.0), 0.1, theta=0.7)
    for name, deviation in (("adsr_1.attack", 0.02), ("lfo_1.frequency", 0.1)):
        start = human(np.full((1, len(NAMES)), np.float32(0.7)), name)[0]
        assert gaussian(human(views, name) - start, deviation)
    assert gaussian(views[:, 3] - np.float64(np.float32(0.7)), 0.03)
    np.testing.assert_array_equal(views[:, 0], np.float32(0.7))
    assert gaussian((moved(Semantic(steps), 0.02) - 0.5)[:, 0], 0.02)


def test_silence_and_the_ends_of_ranges():
    louder = Semantic({"mixer.noise": "6 dB", "adsr_1.attack": "factor 3"})
    views = moved(louder, 1.0, theta=0.0)
    assert (views[:, 6] == 0).all()
    assert (views[:, 2] == 0).all()
    # 0.05 ** 40 is 0 in float32, and yet it moves as it should.
    ratio = np.log(moved(louder, 0.1, theta=0.05)[:, 6] / np.float64(np.float32(0.05)))
    assert gaussian(ratio, 0.1 * 6 / 20 * np.log(10) * 0.025)
    # 500 semitones leave every range: half of the views at either end.
    far = moved(Semantic({"keyboard.midi_f0": "500 octaves"}), 1.0)[:, 0]
    assert ((far == 0) | (far == 1)).mean() > 0.9
    assert (far == 1).mean() == pytest.approx(0.5, abs=0.05)


def test_delta_zero_leaves_every_patch_of_a_real_synth_as_it_is():
    theta = jax.random.uniform(jax.random.key(5), (100, len(VOICE)))
    keys = jax.random.split(jax.random.key(1), 100)
    for perturbation in UNBOUND:
        move = bound(perturbation, VOICE)
        views = jax.vmap(lambda t, k, m=move: m(t, k, jnp.float32(0.0)))(theta, keys)
        np.testing.assert_array_equal(views, theta)


def test_the_narrowest_name_counts_in_any_order():
    def values(names):
        return by_parameter(names, PARAMETERS, 0)

    names = {"*": 1, "keyboard": 2, "*.duration": 3, "keyboard.duration": 4}
    assert values(names) == values(dict(reversed(names.items()))) == [2, 4, 1, 1, 1, 1, 1]
    assert values({"k*.*": 1, "*.midi_f0": 1}) == [1, 1, 0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match=r"both mean keyboard.midi_f0 .*\(2 and 1\): name that"):
        values({"*.midi_f0": 2, "k*.*": 1})
    for wrong, near in (
        ("keyboard.midi_fo", "'keyboard.midi_f0'"),
        ("keybord", "'keyboard'"),
        ("lfo_1.frequenzy", "'lfo_1.frequency'"),
    ):
        with pytest.raises(
            ValueError, match=f"no parameter is called '{wrong}': did you mean.*{near}"
        ):
            values({wrong: 1})
    with pytest.raises(ValueError, match="The modules are keyboard, adsr_1, lfo_1, vco_1, mixer"):
        values({"zzz_*": 1})


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Scaled({"keyboard": -1}), "factor of 'keyboard' must be 0 or more, got -1"),
        (lambda: Scaled(rho=1.5), "rho is a share of the variance, 0 to 1, got 1.5"),
        (lambda: Correlated(-0.1), "got -0.1"),
        (lambda: Only(()), "name at least one parameter"),
        (lambda: Semantic({"keyboard.midi_f0": "an octave"}), "'an octave' is no step"),
        (lambda: Semantic({"mixer": "factor 0.5"}), r"'factor 1.5' \(1 or more\)"),
        (lambda: Semantic({"mixer": "1..5 dB"}), "is no step"),
        (
            lambda: bound(Semantic({"keyboard.midi_f0": "6 dB"}), PARAMETERS),
            "keyboard.midi_f0 is in MIDI and cannot be moved by '6 dB'",
        ),
        (
            lambda: bound(Semantic({"adsr_1.sustain": "1 octave"}), PARAMETERS),
            "adsr_1.sustain is a plain ratio and cannot be moved by '1 octave'",
        ),
        (lambda: SyntheticPairs(OneOsc(CONFIG), perturbation=Only(("lfo_1",))), "'lfo'"),
    ],
)
def test_wrong_settings_are_refused(made, message):
    with pytest.raises(ValueError, match=message):
        made()
