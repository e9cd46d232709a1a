"""Bad patches give one clear error, and nothing runs or hangs; older files are read."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.config import SynthConfig
from synth.parameter import Range
from synth.patch import Patch, PatchError, load_patch
from synth.patches import document, reading
from synth.patches.importers import import_patch
from synth.synth import OneOsc, ParametricSynth

DATA = Path(__file__).parent / "data"
PATCH = Patch.from_theta(
    OneOsc(config=SynthConfig(sample_rate=8000, buffer_size_seconds=0.1)),
    np.linspace(0, 1, 23, dtype=np.float32),
    name="good",
)
TEXT = PATCH.text()
ATTACK = (
    next(line for line in TEXT.splitlines() if "attack:" in line).strip().removeprefix("attack:")
)
ATTACK = ATTACK.strip()


def golden(n):
    """The values of the stored files: multiples of the golden ratio."""
    return ((np.arange(1, n + 1) * 0.6180339887) % 1).astype(np.float32)


def refusal(path, content):
    """The message of the error that a file's content gives; it names the file, on one line."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PatchError) as caught:
        load_patch(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


def test_a_yaml_file_of_version_1_is_read():
    patch = load_patch(DATA / "patch_version_1.yaml")
    assert patch.name == "bell, version 1"
    assert patch.metadata == {"author": "a test", "takes": [1, 2]}
    synth = patch.synth()
    assert type(synth) is OneOsc
    assert synth.config == SynthConfig(1, 8000, 0.25, 100)
    assert synth.settings["vco.tuning"] == Range(-12.0, 12.0, unit="semitones")
    np.testing.assert_array_equal(patch.theta()[0], golden(23))


def test_a_json_file_of_version_1_is_read():
    patch = load_patch(DATA / "patch_version_1.json")
    synth = patch.synth()
    assert isinstance(synth, ParametricSynth)
    counts = (synth.sine, synth.square_saw, synth.fm_sine, synth.fm_square_saw)
    assert counts == (1, 0, 0, 1)
    assert synth.config == SynthConfig(1, 22050.5, 0.1, 220.505, "synthax")
    assert patch.noise_key == (7, 2**32 - 1)
    np.testing.assert_array_equal(patch.theta()[0], golden(synth.n_params))


def test_the_next_version_reads_this_one(monkeypatch):
    """A version that renames a key brings a migration; old files stay as they are."""

    def rename(data):
        return {**data, "label": data["name"]}

    def rename_back(data):
        return {
            key: value for key, value in {**data, "name": data["label"]}.items() if key != "label"
        }

    monkeypatch.setattr(document, "VERSION", 3)
    monkeypatch.setattr(document, "MIGRATIONS", {1: rename, 2: rename_back})
    assert load_patch(DATA / "patch_version_1.yaml").name == "bell, version 1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: synth patch", "format: preset", "format must be 'synth patch', got 'preset'"),
        ("format: synth patch\n", "", "format must be 'synth patch', got no such key"),
        ("version: 1", "version: 2", "version is 2, but this program reads up to 1"),
        ("version: 1", "version: 0", "version must be a whole number from 1 to 1, got 0 (int)"),
        (
            "version: 1",
            "version: one",
            "version must be a whole number from 1 to 1, got 'one' (str)",
        ),
        ("version: 1\n", "", "version must be a whole number from 1 to 1, got None"),
        ("name: good", "name: 3", "name must be text, got 3 (int)"),
        ("name: good", "nmae: good", "the key 'nmae' is unknown, did you mean 'name'?"),
        ("class: OneOsc", "class: Vioce", "synth.class: 'Vioce' is unknown, did you mean 'Voice'?"),
        ("class: OneOsc", "class: os.system", "'os.system' is unknown"),
        ("class: OneOsc", "class: Synth", "synth.class: 'Synth' is unknown"),
        (
            "class: OneOsc",
            "class: NoLFO",
            "parameters: 'adsr.attack' is unknown, did you mean 'adsr_",
        ),
        ("class: OneOsc", "class: OneOsc\n  topology: {sine: 2}", "synth.topology: the key 'sine'"),
        ("class: OneOsc", "class: ParametricSynth", "synth.topology: the key 'sine' is missing"),
        ("sample_rate: 8000", "sample_rate: 0", "synth.sample_rate must be above 0, got 0"),
        (
            "sample_rate: 8000",
            "sample_rate: .inf",
            "synth.sample_rate must be a finite number, got inf",
        ),
        ("sample_rate: 8000", "sample_rate: 1e999", "sample_rate must be a finite number, got inf"),
        (
            "sample_rate: 8000",
            "sample_rate: 8 kHz",
            "sample_rate must be a number, got '8 kHz' (str)",
        ),
        ("sample_rate: 8000", "sample_rate: true", "sample_rate must be a number, got True (bool)"),
        (
            "compat: null",
            "compat: torchsynth",
            "compat must be null or 'synthax', got 'torchsynth'",
        ),
        ("noise_key: null", "noise_key: [1]", "noise_key must be null or two whole numbers"),
        ("noise_key: null", "noise_key: [1, -1]", "noise_key must be null or two whole numbers"),
        ("  adsr:\n", "  adrs:\n", "'adrs.attack' is unknown, did you mean 'adsr.attack'?"),
        ("    attack:", "    atack:", "'adsr.atack' is unknown, did you mean 'adsr.attack'?"),
        (f"    attack:  {ATTACK}\n", "", "parameters: 'adsr.attack' missing; OneOsc has 23"),
        (ATTACK, "0.5", "parameters.adsr.attack: a mapping is expected, got 0.5 (float)"),
        (
            ATTACK,
            ATTACK.replace("value", "valeu"),
            "the key 'valeu' is unknown, did you mean 'value'?",
        ),
        (
            ATTACK,
            ATTACK.replace("unit: s,", ""),
            "parameters.adsr.attack: the key 'unit' is missing",
        ),
        (
            ATTACK,
            ATTACK.replace("0.0, ", "2.1, "),
            "attack.value must be from 0.0 to 2.0 s, got 2.1",
        ),
        (
            ATTACK,
            ATTACK.replace("0.0, ", "-1, "),
            "attack.value must be from 0.0 to 2.0 s, got -1.0",
        ),
        (
            ATTACK,
            ATTACK.replace("0.0, ", ".nan, "),
            "attack.value must be a finite number, got nan",
        ),
        (
            ATTACK,
            ATTACK.replace("0.0, ", "loud, "),
            "attack.value must be a number, got 'loud' (str)",
        ),
        (ATTACK, ATTACK.replace("0.0}", "1.5}"), "attack.normalised must be from 0 to 1, got 1.5"),
        (
            ATTACK,
            ATTACK.replace("0.0}", ".nan}"),
            "attack.normalised must be a finite number, got nan",
        ),
        (
            ATTACK,
            ATTACK.replace("[0, 2]", "[2, 0]"),
            "attack.range must be [minimum, maximum], rising",
        ),
        (
            ATTACK,
            ATTACK.replace("[0, 2]", "2"),
            "attack.range must be [minimum, maximum], got 2 (int)",
        ),
        (ATTACK, ATTACK.replace("[0, 2]", "[0, .inf]"), "attack.range must be a finite number"),
        (ATTACK, ATTACK.replace("curve: 0.5", "curve: 0"), "attack.curve must be above 0, got 0.0"),
        (ATTACK, ATTACK.replace("false", "no"), "attack.symmetric must be true or false, got 'no'"),
        ("metadata: {}", "metadata: []", "metadata: a mapping is expected, got [] (list)"),
        ("metadata: {}", "metadata: {a: .nan}", "metadata.a must be text, a finite number"),
        ("metadata: {}", "metadata: {a: 1, a: 2}", "'a' is there twice"),
        ("metadata: {}", "metadata: {a: &x 1, b: *x}", "the anchor &x is not allowed"),
        ("metadata: {}", "metadata: *x", "the alias *x is not allowed"),
        (
            "metadata: {}",
            "metadata: {a: !!python/object/apply:os.system [ls]}",
            "the tag tag:yaml.org",
        ),
        ("metadata: {}", "metadata: {[1, 2]: 3}", "a key must be text, got []"),
        ("metadata: {}", "metadata: {}\n---\na: 1", "a second document"),
        ("metadata: {}", "metadata: " + "[" * 40 + "]" * 40, "nested deeper than 32 levels"),
        ("metadata: {}", "metadata: }{", "is not YAML: while parsing"),
        ("metadata: {}", "metadata: '\t\x07'", "is not YAML"),
    ],
)
def test_one_thing_wrong_is_one_sentence(old, new, message, tmp_path):
    assert TEXT.count(old) == 1
    assert message in refusal(tmp_path / "patch.yaml", TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        (b"\xff\xfe\x00", "is not text in UTF-8 (byte 0)"),
        (b"\x00\x01", "is not YAML"),
        (pickle.dumps({"a": 1}), "is binary (a pickle, an archive?)"),
        (b"PK\x03\x04rest", "is binary"),
        ("just words", "a mapping is expected, got 'just words' (str)"),
        ("- a\n- b", "a mapping is expected, got ['a', 'b'] (list)"),
        ("# only a remark", "a mapping is expected, got None"),
        ("a: b: c", "is not YAML: mapping values are not allowed"),
        ("a: [" + "9" * 5000 + "]", "format must be 'synth patch', got no such key"),
        ("a: &a [x, x]\nb: &b [*a, *a]", "the anchor &a is not allowed"),
        ("[" * 100_000, "nested deeper than 32 levels"),
        ("{a: " * 100_000, "nested deeper than 32 levels"),
        ("x" * (reading.MAX_BYTES + 1), f"is larger than {reading.MAX_BYTES} bytes"),
    ],
)
def test_what_is_no_patch_at_all(content, message, tmp_path):
    assert message in refusal(tmp_path / "patch.yaml", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON: Expecting property name"),
        ("[" * 100_000, "nested deeper than 32 levels"),
        ("[" * 60 + "]" * 60, "nested deeper than 32 levels"),
        ('{"a": 1, "a": 2}', "has 'a' twice"),
        ("[1]", "a mapping is expected, got [1] (list)"),
        ("9" * 5000, "a mapping is expected, got inf (float)"),
        (TEXT, "is not JSON"),
        (
            PATCH.text(".json").replace('"normalised": 1.0', '"normalised": NaN'),
            "finite number, got nan",
        ),
    ],
)
def test_bad_json(content, message, tmp_path):
    assert message in refusal(tmp_path / "patch.json", content)


def test_a_topology_cannot_ask_for_more_than_the_file_holds(tmp_path):
    patch = Patch.from_theta(ParametricSynth(), np.full(ParametricSynth().n_params, 0.5))
    text = patch.text()
    for counts in ("sine: 100000000", "sine: -1", "sine: 30"):
        message = refusal(
            tmp_path / "a.yaml", text.replace("sine: 1\n    square", f"{counts}\n    square")
        )
        assert "synth.topology asks for" in message
    message = refusal(tmp_path / "a.yaml", text.replace("fm_sine: 1", "fm_sine: true"))
    assert "synth.topology.fm_sine must be int, got True" in message


def test_the_file_systems_errors_are_its_own(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_patch(tmp_path / "missing.yaml")
    with pytest.raises(FileNotFoundError):
        PATCH.save(tmp_path / "missing" / "a.yaml")
    with pytest.raises(
        PatchError, match=r"suffix '.pkl' is unknown; a patch is .yaml, .yml, .json"
    ):
        load_patch(tmp_path / "a.pkl")


def test_unquoted_text_is_text_and_numbers_are_numbers():
    data = reading.parse_yaml(
        "[1e-5, 1:30, no, 2024-01-01, 0o7, .5, -.Inf, ~, 007, '1', +3, 1_000]"
    )
    assert data == [1e-5, "1:30", "no", "2024-01-01", "0o7", 0.5, -np.inf, None, 7, "1", 3, "1_000"]


def loads_or_refuses(path):
    for read in (load_patch, import_patch):
        message = f"{path}: "
        try:
            read(path)
        except PatchError as error:
            message = str(error)
        assert message.startswith(f"{path}: ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@settings(deadline=None, max_examples=150)
@given(content=st.one_of(st.text(), st.binary(), st.text("{}[]:,&*!#-|>'\" \n\tab01.e")))
@pytest.mark.parametrize("suffix", [".yaml", ".json", ".npz"])
def test_random_content_gives_a_patch_error(suffix, content, folder):
    path = folder / f"patch{suffix}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="replace"))
    if suffix == ".npz":
        with pytest.raises(PatchError):
            import_patch(path)
    else:
        loads_or_refuses(path)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_damaged_patch_loads_or_gives_a_patch_error(data, folder):
    """Some characters of a good file, of ours or of SynthAX, are replaced, dropped or doubled."""
    sources = [TEXT, PATCH.text(".json"), (DATA / "synthax_voice.yaml").read_text()]
    number = data.draw(st.integers(0, 2))
    text = sources[number]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 30)))
        text = (
            text[:start]
            + data.draw(st.text(max_size=6)) * data.draw(st.integers(1, 2))
            + text[end:]
        )
    path = folder / f"damaged{'.json' if number == 1 else '.yaml'}"
    path.write_bytes(text.encode(errors="replace"))
    loads_or_refuses(path)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(deadline=None, max_examples=150)
@given(value=JSON_VALUES, data=st.data())
def test_any_value_in_any_place_loads_or_gives_a_patch_error(value, data, folder):
    tree = json.loads(PATCH.text(".json"))
    place = tree
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = value
    path = folder / "value.json"
    path.write_text(json.dumps(tree))
    loads_or_refuses(path)
