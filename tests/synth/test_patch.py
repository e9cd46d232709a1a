"""A patch comes back bit for bit, sounds the same elsewhere, and can be edited by hand."""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from synth.base import Synth
from synth.config import SynthConfig
from synth.modules.keyboard import MonophonicKeyboard
from synth.modules.oscillators import SineVCO
from synth.parameter import Range
from synth.patch import Patch, PatchError, load_patch, patches_from_theta, render_patches
from synth.synth import NoLFO, OneOsc, ParametricSynth, ShapedNoise, Voice, VoiceFM

CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)
SYNTHS = (
    ShapedNoise(config=CONFIG),
    NoLFO(config=CONFIG, settings={"vco_1.tuning": Range(-1.0, 2.0, curve=0.3, unit="octaves")}),
    Voice(config=SynthConfig(sample_rate=48000.5, buffer_size_seconds=1e-5, control_rate=333.25)),
    Voice(config=SynthConfig(compat="synthax")),
    VoiceFM(config=CONFIG),
    ParametricSynth(config=CONFIG, sine=0, square_saw=2, fm_sine=0, fm_square_saw=1),
)
THETA = np.random.default_rng(0).random((4, 78)).astype(np.float32)


class Whistle(Synth):
    """A sine of a set pitch: a synth that this program does not know by name."""

    octave: int = 4

    def modules(self) -> dict[str, Any]:
        low = 12.0 * self.octave
        pitch = Range(low, low + 12, unit="MIDI")
        return {
            "keyboard": MonophonicKeyboard(self.config, midi_f0=pitch),
            "vco": SineVCO(self.config),
        }

    def wire(self, modules: Mapping[str, Any]) -> Any:
        return modules["vco"](modules["keyboard"]()[0])


def bits(patch):
    return np.asarray(patch.theta()).tobytes()


@pytest.mark.parametrize("synth", SYNTHS, ids=lambda synth: type(synth).__name__)
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_any_theta_comes_back_bit_for_bit(synth, suffix, data, tmp_path_factory):
    values = st.one_of(
        st.sampled_from(
            [0.0, 1.0, float(np.float32(1e-45)), float(np.nextafter(1, 0, dtype="f4"))]
        ),
        st.floats(0, 1, width=32, allow_subnormal=True),
    )
    theta = data.draw(hnp.arrays(np.float32, synth.n_params, elements=values))
    patch = Patch.from_theta(synth, theta, name=data.draw(st.text(max_size=20).filter(encodes)))
    path = tmp_path_factory.mktemp("patch") / f"patch{suffix}"
    patch.save(path)
    loaded = load_patch(path)
    assert bits(loaded) == theta.tobytes()
    assert loaded == patch
    assert loaded.synth().parameters == synth.parameters


def encodes(text):
    return not any(0xD800 <= ord(character) < 0xE000 for character in text)


@pytest.mark.parametrize("synth", SYNTHS[:3], ids=lambda synth: type(synth).__name__)
def test_the_sound_is_the_one_that_was_saved(synth, tmp_path):
    theta = THETA[:1, : synth.n_params]
    loaded = load_patch(Patch.from_theta(synth, theta).save(tmp_path / "a.yaml"))
    audio = synth.render(jax.numpy.asarray(theta))[0]
    assert np.asarray(loaded.render()).tobytes() == np.asarray(audio).tobytes()
    assert loaded.synth().n_samples == synth.n_samples


def test_another_process_renders_the_same_sound(tmp_path):
    patch = Patch.from_theta(OneOsc(config=CONFIG), THETA[0, :23])
    patch.save(tmp_path / "a.json")
    code = (
        "import sys, numpy as np; from synth.patch import load_patch;"
        "sys.stdout.buffer.write(np.asarray(load_patch(sys.argv[1]).render()).tobytes())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.json")]
    made = subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parents[2])
    assert made.stdout == np.asarray(patch.render()).tobytes()


def test_a_noise_key_is_part_of_the_sound(tmp_path):
    synth, keys = ShapedNoise(config=CONFIG), jax.random.split(jax.random.key(3), 2)
    theta = THETA[:2, :18]
    patches = patches_from_theta(synth, theta, noise_keys=keys)
    loaded = [load_patch(p.save(tmp_path / f"{i}.yaml")) for i, p in enumerate(patches)]
    audio = synth.render(jax.numpy.asarray(theta), keys)
    for one, other in zip(render_patches(loaded), audio, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
    raw = Patch.from_theta(synth, theta[0], noise_key=jax.random.key_data(keys[0]))
    assert raw.noise_key == patches[0].noise_key
    assert not np.array_equal(raw.render(), Patch.from_theta(synth, theta[0]).render())


def test_an_edited_value_counts_and_the_others_keep_their_bits(tmp_path):
    patch = Patch.from_theta(Voice(config=CONFIG), THETA[0], name="before")
    path = patch.save(tmp_path / "a.yaml")
    lines = path.read_text().splitlines()
    line = next(i for i, text in enumerate(lines) if "midi_f0" in text)
    before = lines[line].split("value: ")[1].split(",")[0]
    lines[line] = lines[line].replace(before, "69")
    path.write_text("\n".join(lines))
    edited = load_patch(path)
    assert edited.human()["keyboard.midi_f0"] == pytest.approx(69, abs=1e-5)
    names = [p.name for p in patch.synth().parameters]
    changed = [n for n, a, b in zip(names, patch.values, edited.values, strict=True) if a != b]
    assert changed == ["keyboard.midi_f0"]
    assert edited == patch.changed({"keyboard.midi_f0": 69})


@settings(deadline=None, max_examples=200)
@given(value=st.floats(0, 1, width=32), place=st.integers(0, 77))
def test_the_smallest_edit_of_a_printed_digit_is_noticed(value, place):
    """One more in the last printed digit is an edit, wherever the parameter stands."""
    theta = np.full(78, 0.5, np.float32)
    theta[place] = value
    patch = Patch.from_theta(Voice(config=CONFIG), theta)
    parameter, row = patch.synth().parameters[place], patch.rows()[place]
    decimals = len(np.format_float_positional(row.value, trim="0").split(".")[1])
    shown = row.value + 10.0**-decimals
    if shown > parameter.maximum:
        shown = row.value - 10.0**-decimals
    edited = patch.changed({parameter.name: shown})
    assert edited.human()[parameter.name] == pytest.approx(shown, rel=1e-4, abs=2e-5)
    assert edited.values[place] != patch.values[place]


def test_a_patch_by_hand_needs_no_normalised_numbers(tmp_path):
    patch = Patch.from_theta(OneOsc(config=CONFIG), THETA[0, :23])
    path = tmp_path / "by_hand.yaml"
    path.write_text(re.sub(r",\s+normalised: [^}]*", "", patch.text()))
    assert "normalised:" not in path.read_text()
    by_hand = load_patch(path)
    np.testing.assert_allclose(by_hand.values, patch.values, atol=2e-4)
    for one, other in zip(by_hand.rows(), patch.rows(), strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-4, abs=1e-5)


def test_rows_and_text_are_in_human_units():
    theta = np.zeros(78, np.float32)
    patch = Patch.from_theta(Voice(config=CONFIG), theta, name="all at the lowest")
    rows = {(row.module, row.parameter): (row.value, row.unit) for row in patch.rows()}
    assert len(rows) == 78
    assert rows["keyboard", "duration"] == (0.01, "s")
    assert rows["lfo_2", "mod_depth"] == (-10.0, "Hz")
    assert rows["vco_1", "tuning"] == (-24.0, "semitones")
    assert rows["mod_matrix", "adsr_1->vco_1_pitch"] == (0.0, "")
    assert all(isinstance(row, tuple) and len(row) == 4 for row in patch.rows())
    text = patch.text()
    assert "    tuning:        {value: -24.0,   unit: semitones, range: [-24, 24]," in text
    assert "e-" not in text.split("parameters:")[1], "no exponent where people read"
    assert text.isascii()


def organ(highest):
    """The class `Organ`, as a version of a program defines it."""

    class Organ(Whistle):
        def modules(self) -> dict[str, Any]:
            pitch = Range(0.0, highest, curve=0.7, unit="MIDI")
            return {**super().modules(), "keyboard": MonophonicKeyboard(self.config, midi_f0=pitch)}

    return Organ


def test_a_patch_keeps_its_sound_when_a_default_range_changes(tmp_path):
    old = organ(100.0)(config=CONFIG)
    patch = Patch.from_theta(old, THETA[0, :5])
    path, before = patch.save(tmp_path / "a.yaml"), np.asarray(patch.render())
    assert not patch.synth().settings
    new = organ(90.0)
    loaded = load_patch(path)
    assert type(loaded.synth()) is new, "the class that the program has now"
    wanted = Range(0.0, 100.0, curve=0.7, unit="MIDI")
    assert dict(loaded.synth().settings) == {"keyboard.midi_f0": wanted}
    assert loaded.synth().parameters == old.parameters
    assert np.asarray(loaded.render()).tobytes() == before.tobytes()


def test_settings_of_the_synth_are_part_of_the_patch(tmp_path):
    octave = Range(-12.0, 12.0, unit="semitones")
    synth = NoLFO(config=CONFIG, settings={"vco_1.tuning": octave, "vco_2.tuning": 3.0})
    loaded = load_patch(Patch.from_theta(synth, THETA[0, :29]).save(tmp_path / "a.yaml"))
    assert dict(loaded.synth().settings) == {"vco_1.tuning": octave}, "values are the patch's own"


def test_a_synth_of_ones_own(tmp_path):
    synth = Whistle(config=CONFIG, octave=6)
    path = Patch.from_theta(synth, THETA[0, :5]).save(tmp_path / "a.yaml")
    assert f"class: {__name__}.Whistle" in path.read_text().replace('"', "")
    loaded = load_patch(path)
    assert type(loaded.synth()) is Whistle
    assert loaded.synth().octave == 6
    path.write_text(path.read_text().replace("Whistle", "Flute"))
    with pytest.raises(PatchError, match=r"Flute' is unknown, did you mean .*import its module"):
        load_patch(path)


def test_metadata_of_numpy_and_jax_comes_back_plain(tmp_path):
    patch = Patch.from_theta(
        OneOsc(config=CONFIG),
        THETA[:1, :23],
        metadata={
            "score": np.float32(0.25),
            "iteration": jax.numpy.int32(7),
            "words": ("a: b", "1e-5", "yes", "null", "2024-01-01", "line\nline", " x", "#", ""),
            "nested": {"deeper": {"a list": [1, [2.5, None, {"key with space": True}]]}},
            "5": {},
        },
    )
    for suffix in (".yaml", ".json"):
        loaded = load_patch(patch.save(tmp_path / f"a{suffix}"))
        assert loaded == patch
        assert loaded.metadata["score"] == 0.25
        assert type(loaded.metadata["iteration"]) is int


def test_other_yaml_readers_agree(tmp_path):
    """PyYAML follows YAML 1.1, where `1e-5` is text: what is written means the same there."""
    import yaml

    theta = np.full(23, 1e-45, np.float32)
    theta[::2] = 3e-7
    patch = Patch.from_theta(OneOsc(config=CONFIG), theta, "on", {"a": 1e-5, "b": "no"})
    data = yaml.safe_load(patch.text())
    entries = [entry for module in data["parameters"].values() for entry in module.values()]
    read = np.array([entry["normalised"] for entry in entries])
    assert read.astype(np.float32).tobytes() == theta.tobytes()
    assert (data["name"], data["metadata"]) == ("on", {"a": 1e-5, "b": "no"})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda s: Patch.from_theta(s, np.full(77, 0.5)),
            r"takes \(78,\) values, got shape \(77,\)",
        ),
        (lambda s: Patch.from_theta(s, np.full(78, np.nan)), "adsr_1.attack must be .* got nan"),
        (lambda s: Patch.from_theta(s, np.full(78, 1.5)), "adsr_1.attack must be .* got 1.5"),
        (lambda s: Patch.from_theta(s, THETA[0], name="\ud800"), "name must be text"),
        (lambda s: Patch.from_theta(s, THETA[0], metadata={"a": np.ones(3)}), "metadata.a must be"),
        (
            lambda s: Patch.from_theta(s, THETA[0], metadata={"a": [np.inf]}),
            r"metadata.a\[0\] must",
        ),
        (
            lambda s: Patch.from_theta(s, THETA[0], metadata={"a": {1: 2}}),
            "a key of metadata.a must be text",
        ),
        (lambda s: Patch.from_theta(s, THETA[0], noise_key=np.ones(1)), "noise_key must be one"),
        (lambda s: patches_from_theta(s, THETA, ["a"]), "4 rows of theta, but 1 names"),
        (
            lambda s: Patch.from_theta(s, THETA[0]).changed({"vco_1.tunning": 0}),
            "mean 'vco_1.tuning'",
        ),
        (
            lambda s: Patch.from_theta(s, THETA[0]).changed({"vco_1.tuning": 25}),
            "-24.0 to 24.0 semi",
        ),
        (
            lambda s: Patch.from_theta(s, THETA[0]).save("a.txt"),
            "a.txt: the suffix '.txt' is unknown",
        ),
    ],
)
def test_what_no_patch_can_be_is_said(make, message):
    with pytest.raises(PatchError, match=message):
        make(Voice(config=CONFIG))


def test_many_patches_of_one_instrument_are_one_batch():
    synth = OneOsc(config=CONFIG)
    patches = patches_from_theta(synth, THETA[:, :23])
    assert [patch.name for patch in patches] == ["0", "1", "2", "3"]
    assert len({patch.synth() for patch in patches}) == 1
    other = Patch.from_theta(NoLFO(config=CONFIG), THETA[0, :29])
    sounds = render_patches([patches[0], other, *patches[1:]])
    batch = synth.render(jax.numpy.asarray(THETA[:, :23]))
    np.testing.assert_array_equal(np.stack([sounds[0], *sounds[2:]]), batch)
    np.testing.assert_array_equal(sounds[1], other.render())


def test_a_file_is_replaced_whole(tmp_path, monkeypatch):
    patch = Patch.from_theta(OneOsc(config=CONFIG), THETA[0, :23])
    path = patch.save(tmp_path / "a.yaml")
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        patch.changed(name="other").save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.yaml"]
