"""Locks: what is left to search, that results honour them, and what is refused."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctag.locks import Locked, locked
from ctag.search import Search
from ctag.strategies.registry import strategy_named
from synth.parameter import Parameter
from synth.patch import Patch
from tests.ctag.stand_in import Resemblance, TwoTones
from tests.synth.family import FAMILY, build

OF_FLOAT32 = 2e-6
"""Of a range: what one step of float32 in [0, 1] is worth where curves are steepest, at the ends
(a symmetric curve of 0.2 has the slope 5)."""


@st.composite
def locks(draw, parameters):
    """Some parameters fixed, some in a range, in human units within the parameters' ranges."""
    lock, wanted = {}, {}
    last = len(parameters) - 1
    chosen = draw(st.lists(st.integers(0, last), max_size=min(last, 12), unique=True))
    for column in chosen:
        p = parameters[column]
        share = st.floats(0, 1, allow_subnormal=False)
        low, high = sorted(p.minimum + (p.maximum - p.minimum) * draw(share) for _ in "ab")
        fixed = draw(st.booleans())
        module, _, name = p.name.partition(".")
        lock.setdefault(module, {})[name] = low if fixed else [low, high]
        wanted[p.name] = (low, low if fixed else high)
    return lock, wanted


@pytest.mark.parametrize("name", FAMILY)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_point_of_the_search_honours_the_lock(name, data):
    synth = build(name)
    lock, wanted = data.draw(locks(synth.parameters))
    box = locked(synth.parameters, lock)
    free_columns = set(box.columns)
    seed = data.draw(st.integers(0, 1000))
    free = np.random.default_rng(seed).uniform(size=(4, len(free_columns))).astype(np.float32)
    free[0], free[1] = 0, 1
    theta = np.asarray(box.whole(jnp.asarray(free)))
    for row in theta:
        human = Patch.from_theta(synth, row).human()
        for parameter, (low, high) in wanted.items():
            scope = next(p for p in synth.parameters if p.name == parameter)
            slack = OF_FLOAT32 * (scope.maximum - scope.minimum)
            assert low - slack <= human[parameter] <= high + slack
    untouched = [c for c, p in enumerate(synth.parameters) if p.name not in wanted]
    places = [box.columns.index(column) for column in untouched]
    np.testing.assert_array_equal(theta[:, untouched], free[:, places])


def test_the_map_is_affine_onto_the_box_and_back():
    synth = build("voice")
    lock = {"keyboard": {"midi_f0": [40, 60]}, "adsr_1": {"attack": 0.5}}
    box = locked(synth.parameters, lock)
    names = [p.name for p in synth.parameters]
    pitch, attack = names.index("keyboard.midi_f0"), names.index("adsr_1.attack")
    assert attack not in box.columns
    assert len(box.columns) == 77
    free = jnp.stack([jnp.full(77, share) for share in (0.0, 0.25, 0.5, 1.0)])
    theta = np.asarray(box.whole(free))
    np.testing.assert_allclose(127 * theta[:, pitch], [40, 45, 50, 60], rtol=1e-6)
    # An attack of 0.5 s of 0 to 2 s with a curve of 1/2: the square root of a quarter.
    np.testing.assert_allclose(theta[:, attack], 0.5, rtol=1e-6)
    np.testing.assert_allclose(box.free(jnp.asarray(theta)), free, atol=1e-6)
    outside = jnp.zeros((1, 78)).at[:, pitch].set(1.0)
    assert box.free(outside)[0, box.columns.index(pitch)] == 1.0


def test_without_a_lock_everything_is_as_it_was():
    synth = build("oneosc")
    box = locked(synth.parameters, {})
    theta = jax.random.uniform(jax.random.PRNGKey(0), (3, synth.n_params))
    np.testing.assert_array_equal(box.whole(theta), theta)
    assert box.held == ()


@pytest.mark.parametrize(
    "lock",
    [
        {"mod_matrix": {"lfo->vco_amp": 0.5}},
        {"mod_matrix": {"lfo": {"vco_amp": 0.5}}},
        {"mod_matrix.lfo->vco_amp": 0.5},
        {"mod_matrix.lfo.vco_amp": 0.5},
    ],
)
def test_a_name_may_be_written_as_a_command_line_can(lock):
    synth = build("oneosc")
    assert locked(synth.parameters, lock).held == ("mod_matrix.lfo->vco_amp = 0.5",)


@pytest.mark.parametrize(
    ("lock", "message"),
    [
        ({"keybord": {"midi_f0": 60}}, "did you mean keyboard.midi_f0?"),
        ({"keyboard": {"midi_f": 60}}, "did you mean keyboard.midi_f0?"),
        ({"keyboard": 60}, "keyboard has keyboard.midi_f0, keyboard.duration"),
        ({"zzz": {"q": 1}}, "modules are adsr, keyboard, lfo, mixer, mod_matrix, vco"),
        ({"keyboard": {"midi_f0": 128}}, "goes from 0.0 to 127.0 MIDI"),
        ({"keyboard": {"midi_f0": [-1, 60]}}, "goes from 0.0 to 127.0 MIDI"),
        ({"adsr": {"attack": 3}}, "goes from 0.0 to 2.0 s"),
        ({"keyboard": {"midi_f0": [60, 40]}}, "must rise"),
        ({"keyboard": {"midi_f0": [1, 2, 3]}}, r"a range \[low, high\]"),
        ({"keyboard": {"midi_f0": []}}, r"a range \[low, high\]"),
        ({"keyboard": {"midi_f0": "60"}}, "give a number"),
        ({"keyboard": {"midi_f0": True}}, "give a number"),
        ({"keyboard": {"midi_f0": None}}, "give a number"),
        ({"keyboard": {"midi_f0": float("nan")}}, "give a number"),
        ({"keyboard": {"midi_f0": 60}, "keyboard.midi_f0": 61}, "given twice"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(lock, message):
    with pytest.raises(ValueError, match=message) as error:
        locked(build("oneosc").parameters, lock)
    assert "\n" not in str(error.value)


def test_a_lock_on_everything_leaves_nothing_to_search():
    synth = build("shapednoise")
    everything = {p.name: p.maximum for p in synth.parameters}
    with pytest.raises(ValueError, match="leaves nothing to search"):
        locked(synth.parameters, everything)


def test_gradients_go_through_the_map_to_what_is_free():
    box = locked(build("shapednoise").parameters, {"adsr": {"alpha": 1, "sustain": [0.2, 0.3]}})
    slope = jax.grad(lambda free: box.whole(free).sum())(jnp.full(17, 0.5))
    assert slope[box.columns.index(2)] == pytest.approx(0.1, abs=1e-6)
    np.testing.assert_array_equal(np.delete(slope, box.columns.index(2)), 1.0)


@dataclass(frozen=True)
class Tones(TwoTones):
    """The stand-in with names: pitch, level and decay of two tones, decays from 0 to 30."""

    @property
    def parameters(self):
        kinds = ("pitch", 1.0), ("level", 1.0), ("decay", 30.0)
        return [Parameter(0, top, name=f"{n}.{kind}") for n in ("a", "b") for kind, top in kinds]


LOCK = {"a": {"level": 0.25, "decay": [3, 6]}}


def a_search(**changes):
    options = {"iterations": 4, "population": 6, "chunk_generations": 2, "lock": LOCK} | changes
    return Search(Tones(), strategy_named("simple_ga"), Resemblance(), **options)


@pytest.fixture(scope="module")
def found():
    states = []
    result = a_search().run(["x", "y"], jax.random.PRNGKey(2), save=states.append)
    return result, states


def test_a_search_keeps_what_is_locked(found):
    result, _ = found
    assert result.theta.shape == (2, 6)
    assert (result.theta[:, 1] == 0.25).all()
    assert (result.theta[:, 2] >= 0.1 - 1e-7).all()
    assert (result.theta[:, 2] <= 0.2 + 1e-7).all()
    np.testing.assert_allclose(Tones().render(jnp.asarray(result.theta)), result.audio, atol=1e-6)


def test_an_interrupted_search_with_a_lock_goes_on_to_the_same(found):
    result, states = found
    again = a_search().run(["x", "y"], jax.random.PRNGKey(2), saved=states[0])
    np.testing.assert_array_equal(again.theta, result.theta)
    np.testing.assert_array_equal(again.history.best, result.history.best)


@pytest.mark.parametrize("lock", [{}, {"a": {"level": 0.5, "decay": [3, 6]}}])
def test_a_search_is_not_taken_up_with_another_lock(found, lock):
    _, states = found
    with pytest.raises(ValueError, match=r"lock|n_params"):
        a_search(lock=lock).run(["x", "y"], jax.random.PRNGKey(2), saved=states[0])


def test_the_strategy_sees_free_parameters_alone():
    loop = a_search()._generations
    assert isinstance(loop.synth, Locked)
    assert loop.strategy.n_params == 5


@pytest.mark.slow
def test_the_patch_of_a_locked_search_honours_it_and_makes_its_sound_to_the_bit():
    synth = build("shapednoise", seconds=0.05, sample_rate=8000, control_rate=100)
    lock = {"adsr": {"sustain": 0.25, "attack": [0, 0.1]}, "mixer": {"noise": 0.5}}
    strategy = strategy_named("simple_ga")
    search = Search(synth, strategy, Level(), iterations=4, population=6, lock=lock)
    result = search.run(["x"], jax.random.PRNGKey(2))
    patch = Patch.from_theta(synth, result.theta[0])
    human = patch.human()
    assert human["adsr.sustain"] == 0.25
    assert human["mixer.noise"] == 0.5
    assert 0 <= human["adsr.attack"] <= 0.1 * (1 + 1e-6)
    np.testing.assert_array_equal(patch.render(), result.audio[0])


@dataclass(frozen=True)
class Level:
    """Likes a root mean square of 0.1."""

    sample_rate: float | None = None

    def target(self, prompts):
        return jnp.full(len(prompts), 0.1)

    def score(self, target, audio, sample_rate):
        return -jnp.abs(jnp.sqrt(jnp.mean(audio**2, axis=-1)) - target[:, None])
