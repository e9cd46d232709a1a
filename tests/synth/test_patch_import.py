"""Patches of SynthAX, CTAG and torchsynth: what their files mean here, and what they sound like."""

import json
import pickle
import re
from pathlib import Path

import jax
import numpy as np
import pytest
import yaml

from synth.config import SynthConfig
from synth.parameter import Range
from synth.patch import Patch, PatchError, load_patch
from synth.patches.importers import import_patch
from synth.patches.torchsynth import read_nebula
from synth.synth import ParametricSynth, Voice, VoiceFM

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).resolve().parents[3] / "shared"
CONFIG = SynthConfig(sample_rate=8000, buffer_size_seconds=0.1, control_rate=80)
VOICE = Voice(config=CONFIG)
STATE = dict(zip((p.name for p in VOICE.parameters), np.linspace(0, 1, 78).tolist(), strict=True))


def stored(name):
    """The parameters in a file of SynthAX, read without its tagged part: {module: {name: list}}."""
    text = (DATA / name).read_text()
    return yaml.safe_load(text[text.index("params:") :])["params"]


def test_a_file_that_synthax_wrote():
    """Written by SynthAX 0.2.2: `write_synthspec(path, Voice(config), params)`, batch of 2."""
    patches = import_patch(DATA / "synthax_voice.yaml")
    tree = stored("synthax_voice.yaml")
    assert [patch.name for patch in patches] == ["synthax_voice 0", "synthax_voice 1"]
    for i, patch in enumerate(patches):
        synth = patch.synth()
        assert type(synth) is Voice
        assert synth.config == SynthConfig(1, 16000, 0.5, 160, "synthax")
        values = dict(zip((p.name for p in synth.parameters), patch.values, strict=True))
        assert values["adsr_1.attack"] == np.float32(tree["modules_adsr_1"]["attack"][i])
        assert values["vco_2.shape"] == np.float32(tree["modules_vco_2"]["shape"][i])
        # In SynthAX output o of the matrix is the sum over inputs of mod[o, input].
        mod, level = tree["modules_mod_matrix"]["mod"][i], tree["modules_mixer"]["level"][i]
        assert values["mod_matrix.adsr_1->vco_1_pitch"] == np.float32(mod[0][0])
        assert values["mod_matrix.lfo_2->vco_1_pitch"] == np.float32(mod[0][3])
        assert values["mod_matrix.adsr_1->noise_amp"] == np.float32(mod[4][0])
        assert [values[f"mixer.{n}"] for n in ("vco_1", "vco_2", "noise")] == np.float32(
            level
        ).tolist()


@pytest.mark.parametrize("compat", ["synthax", None])
def test_the_level_of_noise_is_linear_as_in_synthax(compat, tmp_path):
    """Its mixer ignores Voice's curve of 0.025, so the stored value is the level itself."""
    (patch, _) = import_patch(DATA / "synthax_voice.yaml", compat=compat)
    level = stored("synthax_voice.yaml")["modules_mixer"]["level"][0][2]
    assert patch.synth().config.compat == compat
    assert patch.human()["mixer.noise"] == pytest.approx(level, abs=1e-7)
    assert load_patch(patch.save(tmp_path / "a.yaml")) == patch


def test_a_parametric_synth_is_known_by_its_modules():
    (patch,) = import_patch(DATA / "synthax_parametric.yaml", kind="synthax")
    synth = patch.synth()
    assert isinstance(synth, ParametricSynth)
    counts = (synth.sine, synth.square_saw, synth.fm_sine, synth.fm_square_saw)
    assert counts == (1, 1, 1, 0)
    mod = stored("synthax_parametric.yaml")["modules_mod_matrix"]["mod"][0]
    values = dict(zip((p.name for p in synth.parameters), patch.values, strict=True))
    assert values["mod_matrix.lfo_3->vco_2_amp"] == np.float32(mod[3][5])


def as_synthax(synth, theta):
    """The tree in which SynthAX keeps the same values: one array for matrix and mixer each."""
    modules, tree = synth.modules(), {}
    for p, column in zip(synth.parameters, theta.T, strict=True):
        module, _, name = p.name.partition(".")
        tree.setdefault(f"modules_{module}", {})[name] = column.tolist()
    matrix, mixer = modules["mod_matrix"], modules["mixer"]
    mod, level = tree["modules_mod_matrix"], tree["modules_mixer"]
    rows = [[mod[f"{i}->{o}"] for i in matrix.inputs] for o in matrix.outputs]
    tree["modules_mod_matrix"] = {"mod": np.moveaxis(np.array(rows), -1, 0).tolist()}
    tree["modules_mixer"] = {"level": np.array([level[n] for n in mixer.inputs]).T.tolist()}
    return tree


COUNTS = [
    (1, 0, 0, 0),
    (0, 2, 0, 0),
    (0, 0, 1, 0),
    (0, 0, 0, 1),
    (2, 2, 1, 1),
    (1, 0, 1, 1),
    (2, 0, 0, 2),
]


@pytest.mark.parametrize(
    "synth",
    [VOICE, VoiceFM(config=CONFIG)]
    + [
        ParametricSynth(config=CONFIG, sine=a, square_saw=b, fm_sine=c, fm_square_saw=d)
        for a, b, c, d in COUNTS
    ],
    ids=["Voice", "VoiceFM", *(str(counts) for counts in COUNTS)],
)
def test_every_topology_comes_back(synth):
    theta = np.random.default_rng(1).random((3, synth.n_params)).astype(np.float32)
    patches = import_patch({"params": as_synthax(synth, theta)}, config=CONFIG)
    np.testing.assert_array_equal([patch.values for patch in patches], theta)
    for name in ("sine", "square_saw", "fm_sine", "fm_square_saw"):
        assert getattr(patches[0].synth(), name, None) == getattr(synth, name, None)
    assert type(patches[0].synth()) is type(synth)


def test_a_json_file_without_a_configuration_asks_for_one(tmp_path):
    """`write_synthspec(path, None, params, format="json")`; with a synth, SynthAX's JSON fails."""
    theta = np.full((1, 78), 0.25, np.float32)
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"params": as_synthax(VOICE, theta)}, indent=4))
    with pytest.raises(
        PatchError, match=r"config.sample_rate must be a number, got None; give conf"
    ):
        import_patch(path)
    (patch,) = import_patch(path, config=CONFIG)
    np.testing.assert_array_equal(patch.theta(), theta)
    assert (patch.name, patch.metadata) == ("a", {"source": "synthax"})


def test_one_sound_without_a_batch_axis():
    theta = np.full((1, 78), 0.25, np.float32)
    tree = as_synthax(VOICE, theta)
    tree = {m: {n: np.asarray(v)[0] for n, v in leaves.items()} for m, leaves in tree.items()}
    (patch,) = import_patch(tree, config=CONFIG)
    np.testing.assert_array_equal(patch.theta(), theta)


def test_prompt_and_score_of_a_ctag_file(tmp_path):
    text = (DATA / "synthax_parametric.yaml").read_text()
    path = tmp_path / "a dog_barking_003_-0.4321.yaml"
    path.write_text(text)
    (patch,) = import_patch(path)
    assert patch.name == "a dog_barking"
    about = {"source": "ctag", "prompt": "a dog_barking", "run": 3, "score": 0.4321}
    assert patch.metadata == about
    path = path.rename(tmp_path / "best_00120_synthspec.yaml")
    assert import_patch(path)[0].metadata == {"source": "ctag", "step": 120}


def test_no_object_of_a_file_is_ever_made(tmp_path):
    mark = tmp_path / "made"
    attack = (
        f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{mark}']]"
    )
    path = tmp_path / "a.yaml"
    path.write_text(f"evil: {attack}\n" + (DATA / "synthax_parametric.yaml").read_text())
    assert len(import_patch(path)) == 1
    path.write_text(re.sub(r"alpha:\n *- [0-9.]+", f"alpha: {attack}", path.read_text(), count=1))
    with pytest.raises(
        PatchError, match=r"adsr_1.alpha must be numbers, got the tag .*apply:pathlib"
    ):
        import_patch(path)
    assert not mark.exists()


def test_a_state_dictionary_of_torchsynth(tmp_path):
    (patch,) = import_patch(STATE)
    assert type(patch.synth()) is Voice
    assert patch.synth().config == SynthConfig(1, 44100, 4.0, 441)
    np.testing.assert_array_equal(patch.values, np.linspace(0, 1, 78).astype(np.float32))
    curve = next(p.curve for p in patch.synth().parameters if p.name == "mixer.noise")
    assert curve == 0.025, "torchsynth follows the curve, unlike SynthAX"

    def both(value):
        return np.array([value, np.float32(1) - np.float32(value)], np.float32)

    marked = {name.replace(".", ".torchparameters.", 1): both(v) for name, v in STATE.items()}
    buffers = {"noise.noise": np.zeros((2, 9)), "adsr_1.range": np.arange(4.0)}
    np.savez(tmp_path / "a.npz", **marked, **buffers)
    (tmp_path / "a.json").write_text(json.dumps({k: v.tolist() for k, v in marked.items()}))
    pairs = {tuple(name.split(".", 1)): both(value) for name, value in STATE.items()}
    for source in (tmp_path / "a.npz", tmp_path / "a.json", {**marked, **buffers}, pairs):
        first, second = import_patch(source, config=CONFIG)
        np.testing.assert_array_equal(first.values, np.float32(list(STATE.values())))
        np.testing.assert_array_equal(second.values, 1 - np.float32(list(STATE.values())))
        assert first.synth().config == CONFIG


def test_a_nebula_of_torchsynth_sets_the_ranges(tmp_path):
    path = tmp_path / "nebula.json"
    rows = [
        {"name": ["keyboard", "midi_f0", "curve"], "value": 0.5},
        {"name": ["keyboard", "midi_f0", "symmetric"], "value": True},
    ]
    path.write_text(json.dumps(rows))
    ranges = read_nebula(path)
    assert ranges["keyboard.midi_f0"] == Range(0.0, 127.0, 0.5, True, "MIDI")
    (patch,) = import_patch({**STATE, "keyboard.midi_f0": 0.25}, ranges=ranges)
    assert patch.human()["keyboard.midi_f0"] == pytest.approx(63.5 * (1 - 0.25))
    assert load_patch(patch.save(tmp_path / "a.yaml")) == patch
    for row, message in [
        ({"name": ["keyboard", "pitch", "curve"], "value": 1}, "'keyboard.pitch' is unknown"),
        ({"name": ["keyboard", "midi_f0", "minimum"], "value": 1}, "'minimum' is unknown"),
        ({"name": ["keyboard", "midi_f0", "curve"], "value": 0}, "must be a number above 0, got 0"),
        ({"name": "keyboard"}, "a nebula is a list of"),
    ]:
        path.write_text(json.dumps([row]))
        with pytest.raises(PatchError, match=message):
            read_nebula(path)


def broken(**changes):
    tree = as_synthax(VOICE, np.full((2, 78), 0.5, np.float32))
    for name, value in changes.items():
        module, _, leaf = name.partition("__")
        tree[f"modules_{module}"][leaf] = value
    return tree


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            {"params": broken(vco_1__tuning=[0.5, 1.01])},
            "vco_1.tuning must be normalised, .* got 1.01",
        ),
        (
            {"params": broken(vco_1__tuning=[0.5, np.nan])},
            "vco_1.tuning must be normalised, .* got nan",
        ),
        ({"params": broken(vco_1__tuning=[0.5] * 3)}, r"batches of different sizes: \[2, 3\]"),
        ({"params": broken(vco_1__tuning="loud")}, "vco_1.tuning must be numbers, got a str"),
        ({"params": broken(vco_1__tuning=[[0.5], [0.1, 0.2]])}, "vco_1.tuning must be numbers"),
        ({"params": broken(vco_1__tunning=[0.5, 0.5])}, "'vco_1.tunning' is no parameter of Voice"),
        (
            {"params": broken(mixer__level=[0.5])},
            r"mixer.level must have shape \(batch, 3\), got \(1,\)",
        ),
        ({"params": {"mixer": {"level": [1]}}}, "the modules are those of no SynthAX synth"),
        ({"params": {}}, "is not recognised"),
        ({**STATE, "vco_1.tuning": -0.1}, "vco_1.tuning must be normalised, from 0 to 1, got -0.1"),
        ({**STATE, "vco_1.tunning": 0}, "'vco_1.tunning' is unknown, did you mean 'vco_1.tuning'"),
        ({**STATE, "vco_1.tuning": [[0.1]]}, r"vco_1.tuning must be a number or .* shape \(1, 1\)"),
        ({"keyboard.midi_f0": 0.5}, "'adsr_1.attack' and 76 more missing for torchsynth's Voice"),
    ],
)
def test_what_is_wrong_with_a_foreign_patch_is_said(source, message):
    with pytest.raises(PatchError, match=message):
        import_patch(source, config=CONFIG)


def test_rounding_beyond_the_ends_is_brought_back():
    theta = [1 + 1e-7, -1e-8]
    first, second = import_patch({"params": broken(vco_1__tuning=theta)}, config=CONFIG)
    assert first.human()["vco_1.tuning"] == 24
    assert second.human()["vco_1.tuning"] == -24


def test_kinds_and_suffixes(tmp_path):
    ours = Patch.from_theta(VOICE, np.zeros(78)).save(tmp_path / "ours.json")
    assert import_patch(ours) == import_patch(ours, kind="ours") == [load_patch(ours)]
    with pytest.raises(PatchError, match="has no parameters of SynthAX"):
        import_patch(ours, kind="synthax")
    for suffix in (".pt", ".pkl", ".ckpt"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(pickle.dumps(STATE))
        with pytest.raises(PatchError, match=r"may run any code .* pass the mapping"):
            import_patch(path)
    with pytest.raises(
        PatchError, match=r"suffix '.csv' is unknown; allowed: .yaml, .yml, .json, .n"
    ):
        import_patch(tmp_path / "a.csv")
    objects = tmp_path / "objects.npz"
    np.savez(objects, **{"keyboard.midi_f0": np.array([{"an": "object"}], object)})
    with pytest.raises(PatchError, match="is not an npz file of numbers: Object arrays"):
        import_patch(objects)


@pytest.mark.shared
def test_the_voices_of_the_golden_file():
    """Normalised and human values of 16 voices, as torchsynth itself mapped them."""
    golden = np.load(SHARED / "golden" / "torchsynth_voice_1s.npz")
    state = dict(zip(golden["names"].tolist(), golden["normalized"].T, strict=True))
    patches = import_patch(state, config=SynthConfig(1, 44100, 1.0, 441))
    span = golden["maximum"] - golden["minimum"]
    for patch, human in zip(patches, golden["human"], strict=True):
        ours = np.array([patch.human()[name] for name in golden["names"].tolist()])
        np.testing.assert_allclose(ours / span, human / span, atol=2e-6)


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["Voice", "VoiceExpanded", "ParametricSynth"])
def test_what_synthax_saves_sounds_the_same_here(name, tmp_path):
    """SynthAX writes the file and renders the sound; we read the file and render ours."""
    config = pytest.importorskip("synthax.config", reason="make setup-bench installs SynthAX")
    io, synths = pytest.importorskip("synthax.io"), pytest.importorskip("synthax.synth")
    synth = getattr(synths, name)(
        config=config.SynthConfig(1, sample_rate=16000, buffer_size_seconds=0.25, control_rate=160)
    )
    params = synth.init(jax.random.PRNGKey(4))
    io.write_synthspec(str(tmp_path / "patch"), synth, params)
    (patch,) = import_patch(tmp_path / "patch.yaml")
    theirs, ours = np.asarray(jax.jit(synth.apply)(params))[0], np.asarray(patch.render())
    assert ours.shape == theirs.shape
    assert np.sqrt(np.mean(theirs**2)) > 0.01
    error = np.sqrt(np.mean((ours - theirs) ** 2) / np.mean(theirs**2))
    assert error < 0.05, f"{20 * np.log10(error):.1f} dB"


@pytest.mark.bench
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("nebula", ["default", "drum"])
def test_a_voice_of_torchsynth_has_the_same_human_values(nebula, tmp_path):
    pytest.importorskip("torchsynth", reason="make setup-bench installs torchsynth")
    from scripts.jobs.speed.peers import import_torchsynth

    torchsynth = import_torchsynth()
    voice = torchsynth.synth.Voice(
        torchsynth.config.SynthConfig(batch_size=3, reproducible=False), nebula=nebula
    )
    voice.randomize(11)
    voice.save_hyperparameters(str(tmp_path / "nebula.json"))
    patches = import_patch(voice.state_dict(), ranges=read_nebula(tmp_path / "nebula.json"))
    for (module, name), parameter in voice.get_parameters().items():
        theirs = parameter.from_0to1().detach().numpy()
        ours = [patch.human()[f"{module}.{name}"] for patch in patches]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4, err_msg=f"{module}.{name}")
