"""Names, order, ranges and curves of every parameter, and the mapping to human units."""

import jax.numpy as jnp
import numpy as np
import pytest

from synth.parameter import Initial, Range, theta_to_human
from synth.synth import ParametricSynth
from tests.synth import reference
from tests.synth.family import FAMILY, build, golden, needs_golden, random_theta

PI = np.pi

# DESIGN.md, "Voice parameters": minimum, maximum, curve, symmetric, unit.
KEYBOARD = {"midi_f0": (0, 127, 1, False, "MIDI"), "duration": (0.01, 4, 0.5, False, "s")}
ADSR = {
    "attack": (0, 2, 0.5, False, "s"),
    "decay": (0, 2, 0.5, False, "s"),
    "sustain": (0, 1, 1, False, ""),
    "release": (0, 5, 0.5, False, "s"),
    "alpha": (0.1, 6, 1, False, ""),
}
LFO = {
    "frequency": (0, 20, 0.25, False, "Hz"),
    "mod_depth": (-10, 20, 0.5, True, "Hz"),
    "initial_phase": (-PI, PI, 1, False, "rad"),
    **dict.fromkeys(("sin", "tri", "saw", "rsaw", "sqr"), (0, 1, 1, False, "")),
}
SINE = {
    "tuning": (-24, 24, 1, False, "semitones"),
    "mod_depth": (-96, 96, 0.2, True, "semitones"),
    "initial_phase": (-PI, PI, 1, False, "rad"),
}
SQUARE_SAW = {**SINE, "shape": (0, 1, 1, False, "")}
FM = {**SINE, "mod_depth": (-96, 96, 0.2, True, "")}  # an index, not semitones


def matrix(inputs, outputs):
    return {f"{i}->{o}": (0, 1, 0.5, False, "") for i in inputs for o in outputs}


def mixer(*inputs, **curves):
    return {name: (0, 1, curves.get(name, 1), False, "") for name in inputs}


def ends(*vcos):
    return [f"{vco}_{end}" for vco in vcos for end in ("pitch", "amp")]


def modulators(n):
    names = [f"adsr_{i}" for i in range(1, n + 1)]
    names += [f"lfo_{i}_{kind}_adsr" for i in range(1, n + 1) for kind in ("amp", "rate")]
    return {**dict.fromkeys(names, ADSR), **{f"lfo_{i}": LFO for i in range(1, n + 1)}}


def controls(n):
    return [f"{kind}_{i}" for kind in ("adsr", "lfo") for i in range(1, n + 1)]


MODULES = {
    "shapednoise": {
        "keyboard": KEYBOARD,
        "adsr": ADSR,
        "lfo": LFO,
        "mod_matrix": matrix(["adsr", "lfo"], ["noise_amp"]),
        "mixer": mixer("noise"),
    },
    "oneosc": {
        "keyboard": KEYBOARD,
        "adsr": ADSR,
        "lfo": LFO,
        "vco": SINE,
        "mod_matrix": matrix(["adsr", "lfo"], ends("vco")),
        "mixer": mixer("vco"),
    },
    "nolfo": {
        "keyboard": KEYBOARD,
        "adsr_1": ADSR,
        "adsr_2": ADSR,
        "vco_1": SINE,
        "vco_2": SQUARE_SAW,
        "mod_matrix": matrix(["adsr_1", "adsr_2"], ends("vco_1", "vco_2")),
        "mixer": mixer("vco_1", "vco_2"),
    },
    "nonoise": {
        "keyboard": KEYBOARD,
        **dict.fromkeys(("adsr_1", "adsr_2", "lfo_amp_adsr", "lfo_rate_adsr"), ADSR),
        "lfo": LFO,
        "vco_1": SINE,
        "vco_2": SQUARE_SAW,
        "mod_matrix": matrix(["adsr_1", "adsr_2", "lfo"], ends("vco_1", "vco_2")),
        "mixer": mixer("vco_1", "vco_2"),
    },
    "voice": {
        "keyboard": KEYBOARD,
        **modulators(2),
        "vco_1": SINE,
        "vco_2": SQUARE_SAW,
        "mod_matrix": matrix(controls(2), [*ends("vco_1", "vco_2"), "noise_amp"]),
        "mixer": mixer("vco_1", "vco_2", "noise", noise=0.025),
    },
    "voicefm": {
        "keyboard": KEYBOARD,
        **modulators(3),
        "vco_1": SINE,
        "vco_2": SQUARE_SAW,
        "vco_3": SINE,
        "vco_4": FM,
        "mod_matrix": matrix(controls(3), [*ends("vco_1", "vco_2", "vco_3"), "noise_amp"]),
        "mixer": mixer("vco_1", "vco_2", "vco_4", "noise"),
    },
    "parametric": {
        **{f"keyboard_{i}": KEYBOARD for i in range(1, 7)},
        **modulators(6),
        **{f"vco_{i}": SINE for i in (1, 2, 5)},
        **{f"vco_{i}": SQUARE_SAW for i in (3, 4, 6)},
        **{f"vco_{i}": FM for i in (7, 8)},
        "mod_matrix": matrix(controls(6), [*ends(*(f"vco_{i}" for i in range(1, 7))), "noise_amp"]),
        "mixer": mixer("vco_1", "vco_2", "vco_3", "vco_4", "vco_7", "vco_8", "noise"),
    },
}


@pytest.mark.parametrize("name", FAMILY)
def test_the_number_of_parameters(name):
    synth = build(name)
    assert synth.n_params == FAMILY[name].n_params
    assert len({p.name for p in synth.parameters}) == synth.n_params


@pytest.mark.parametrize("name", FAMILY)
def test_every_parameter_has_its_name_place_range_curve_and_unit(name):
    expected = [
        (f"{module}.{parameter}", *scope)
        for module, parameters in sorted(MODULES[name].items())
        for parameter, scope in parameters.items()
    ]
    got = [
        (p.name, p.minimum, p.maximum, p.curve, p.symmetric, p.unit) for p in build(name).parameters
    ]
    assert got == expected


@pytest.mark.parametrize(
    "counts", [(1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 1, 0), (0, 0, 0, 2), (3, 2, 1, 2)]
)
def test_a_parametric_synth_has_what_its_counts_say(counts):
    sine, square_saw, fm_sine, fm_square_saw = counts
    n, pairs = sum(counts), fm_sine + fm_square_saw
    expected = (
        n * (2 + 5 + 8 + 10)
        + 3 * (sine + fm_sine)
        + 4 * (square_saw + fm_square_saw)
        + 3 * pairs
        + 2 * n * (2 * n + 1)
        + (sine + square_saw + pairs + 1)
    )
    synth = ParametricSynth(
        sine=sine, square_saw=square_saw, fm_sine=fm_sine, fm_square_saw=fm_square_saw
    )
    assert synth.n_params == expected


def test_a_parametric_synth_needs_an_oscillator():
    for counts in ((0, 0, 0, 0), (1, -1, 0, 0)):
        with pytest.raises(ValueError, match="one oscillator at least"):
            _ = ParametricSynth(
                sine=counts[0], square_saw=counts[1], fm_sine=counts[2], fm_square_saw=counts[3]
            ).n_params


@needs_golden
def test_the_voice_is_torchsynths_voice():
    file, parameters = golden(), build("voice").parameters
    assert [p.name for p in parameters] == file["names"].tolist()
    for key in ("minimum", "maximum", "curve"):
        ours = np.array([getattr(p, key) for p in parameters])
        np.testing.assert_allclose(ours, file[key], rtol=1e-6)
    assert [p.symmetric for p in parameters] == file["symmetric"].tolist()


@needs_golden
def test_human_units_are_torchsynths():
    file, parameters = golden(), build("voice").parameters
    span = file["maximum"] - file["minimum"]
    whole = np.asarray(theta_to_human(jnp.asarray(file["normalized"]), parameters))
    assert (np.abs(whole - file["human"]) / span).max() < 1e-6
    one_by_one = np.stack(
        [p.to_human(file["normalized"][:, i]) for i, p in enumerate(parameters)], axis=1
    )
    assert (np.abs(one_by_one - file["human"]) / span).max() < 1e-6


RANGES = [
    Range(0, 127),
    Range(0.01, 4, curve=0.5),
    Range(-10, 20, curve=0.5, symmetric=True),
    Range(-96, 96, curve=0.2, symmetric=True),
    Range(0, 1, curve=0.025),
    Range(-3, 5, curve=1.7),
    Range(-3, 5, curve=3.0, symmetric=True),
]


@pytest.mark.parametrize("scope", RANGES, ids=str)
def test_human_units_follow_the_formula_and_come_back(scope):
    unit = np.linspace(0, 1, 257)
    expected = reference.human(unit, scope.minimum, scope.maximum, scope.curve, scope.symmetric)
    made = scope.to_human(unit)
    np.testing.assert_allclose(made, expected, rtol=1e-12, atol=1e-300)
    assert made[0] == scope.minimum
    assert made[-1] == scope.maximum
    assert (np.diff(made) >= 0).all()
    np.testing.assert_allclose(scope.to_human(scope.to_unit(made)), made, rtol=1e-9, atol=1e-9)
    in_jax = np.asarray(scope.to_human(jnp.asarray(unit, jnp.float32)))
    assert np.abs(in_jax - expected).max() < 1e-5 * (scope.maximum - scope.minimum)
    back = np.asarray(scope.to_unit(jnp.asarray(made, jnp.float32)))
    np.testing.assert_allclose(scope.to_human(back), made, atol=1e-5 * np.ptp(made))
    together = np.asarray(theta_to_human(jnp.asarray(unit, jnp.float32)[:, None], [scope]))[:, 0]
    assert np.abs(together - expected).max() < 1e-5 * (scope.maximum - scope.minimum)


def test_plain_numbers_can_be_mapped():
    assert Range(0, 2, curve=0.5).to_human(0.5) == 0.5
    assert Range(0, 2, curve=0.5).to_unit(0.5) == 0.5
    assert Range(-96, 96, curve=0.2, symmetric=True).to_human(0.5) == 0


def test_values_outside_map_to_the_ends():
    scope = Range(-1, 1, curve=0.3, symmetric=True)
    np.testing.assert_array_equal(scope.to_unit(np.array([-2.0, -1.0, 1.0, 2.0])), [0, 0, 1, 1])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"minimum": 1, "maximum": 1}, "minimum < maximum, got 1 and 1"),
        ({"minimum": 0, "maximum": float("nan")}, "minimum < maximum"),
        ({"minimum": 0, "maximum": 1, "curve": 0}, "a curve must be above 0, got 0"),
    ],
)
def test_a_range_that_is_none_is_refused(arguments, says):
    with pytest.raises(ValueError, match=says):
        Range(**arguments)


def test_a_value_is_a_number_or_a_vector():
    assert Initial([1, 2]).value == (1.0, 2.0)
    for wrong in (np.zeros((2, 2)), []):
        with pytest.raises(ValueError, match="a number or a vector"):
            Initial(wrong)


@pytest.mark.parametrize("name", ["oneosc", "voice"])
def test_flatten_and_unflatten_undo_each_other(name):
    synth = build(name)
    theta = random_theta(synth, 3)
    params = synth.unflatten(theta)
    assert list(params) == ["params"]
    for i, p in enumerate(synth.parameters):
        module, parameter = p.name.split(".", 1)
        np.testing.assert_array_equal(params["params"][module][parameter], theta[:, i])
    np.testing.assert_array_equal(synth.flatten(params), theta)
    np.testing.assert_array_equal(synth.flatten(params["params"]), theta)


def test_a_tree_with_a_wrong_name_is_refused():
    synth = build("oneosc")
    params = synth.unflatten(random_theta(synth, 2))
    params["params"]["vco"]["tunning"] = params["params"]["vco"].pop("tuning")
    with pytest.raises(ValueError, match=r"'vco.tuning' is missing for OneOsc"):
        synth.flatten(params)
    params["params"]["vco"]["tuning"] = params["params"]["vco"]["tunning"]
    with pytest.raises(ValueError, match=r"'vco.tunning' is unknown to OneOsc"):
        synth.flatten(params)
