"""Encoders' files: there and back, in half the size, and what is said of files not well."""

import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from doppel.checkpoint import about_encoder, load_encoder, save_encoder
from doppel.encoders.ast import AstEncoder
from doppel.encoders.resnet import ResNetEncoder
from eval.embedders.stand_ins import seeded

ENCODER = ResNetEncoder(width=4)
ABOUT = {"name": "a small one", "steps": 7, "scores": {"esc10": 0.25}}


def trained(encoder=ENCODER):
    """A network whose batch statistics have moved."""
    network = seeded(encoder.build, 1).train()
    network(torch.randn(4, 96, 64, generator=torch.Generator().manual_seed(3)))
    return network.eval()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("written") / "encoder.safetensors"
    save_encoder(path, trained(), ENCODER, ABOUT)
    return path.read_bytes()


@pytest.fixture
def path(written, tmp_path):
    path = tmp_path / "encoder.safetensors"
    path.write_bytes(written)
    return path


SMALL_AST = AstEncoder(hidden=16, layers=1, heads=2, intermediate=16)


@pytest.mark.parametrize("encoder", [ENCODER, pytest.param(SMALL_AST, marks=pytest.mark.slow)])
def test_there_and_back_to_the_bit(tmp_path, encoder):
    path, network = tmp_path / "e.safetensors", trained(encoder)
    save_encoder(path, network, encoder, ABOUT)
    loaded = load_encoder(path)
    assert loaded.encoder == encoder
    assert loaded.about == ABOUT
    assert not loaded.module.training
    pictures = torch.randn(2, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(loaded.module(pictures), network(pictures))
    assert about_encoder(path)["encoder"] == encoder.settings()


def test_float16_has_half_the_size_and_nearly_the_same_vectors(path, tmp_path):
    half = tmp_path / "half.safetensors"
    save_encoder(half, trained(), ENCODER, ABOUT, dtype="float16")
    assert half.stat().st_size < 0.65 * path.stat().st_size  # a small one has a large header
    stored = load_file(half)
    assert stored["layer1.0.conv1.weight"].dtype == torch.float16
    assert stored["layer1.0.bn1.running_var"].dtype == torch.float32
    pictures = torch.randn(2, 96, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        ours, theirs = load_encoder(half).module(pictures), load_encoder(path).module(pictures)
    assert ours.dtype == torch.float32
    assert (ours - theirs).norm() < 2e-3 * theirs.norm()


def test_the_same_weights_make_the_same_bytes(path, tmp_path):
    save_encoder(tmp_path / "b.safetensors", trained(), ENCODER, dict(reversed(ABOUT.items())))
    assert (tmp_path / "b.safetensors").read_bytes() == path.read_bytes()


def test_it_loads_in_a_process_that_knows_none_of_this(path):
    """The format is safetensors' own: names and shapes as torchvision's, text in one key."""
    with safe_open(path, framework="np") as file:
        assert set(file.keys()) == set(trained().state_dict())
        assert file.get_tensor("conv1.weight").shape == (4, 1, 7, 7)
        said = json.loads(file.metadata()["doppel"])
    assert said["version"] == 1
    assert said["front_end"]["sample_rate"] == 16000


def test_loading_leaves_random_numbers_alone(path):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    load_encoder(path)
    assert torch.rand(1) == expected


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no encoder at .*none.*doppel/pretrain") as error:
        load_encoder(tmp_path / "none.safetensors")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kept", [0, 4, 100, 0.5, -1])
def test_a_file_that_is_cut_off(path, kept):
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(ValueError, match="is cut off: copy or train it again") as error:
        load_encoder(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"not weights at all, but quite some text", b"PK" * 5000])
def test_a_file_of_another_kind(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no safetensors file"):
        load_encoder(path)


def test_a_pickle_is_never_opened(path):
    class Bomb:
        def __reduce__(self):
            return os.abort, ()

    torch.save({"conv1.weight": Bomb()}, path)
    with pytest.raises(ValueError, match="is no safetensors file"):
        load_encoder(path)


def test_somebody_elses_safetensors(path):
    save_file({"x": torch.zeros(3)}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"does not say of what encoder.*save_encoder"):
        load_encoder(path)


def rewritten(path, **changed):
    said = {**about_encoder(path), **changed}
    said = {name: value for name, value in said.items() if value is not None}
    save_file(load_file(path), path, metadata={"doppel": json.dumps(said)})


@pytest.mark.parametrize(("changed", "message"), [
    ({"version": 2}, "version 2 of the format, this program reads version 1: use .* a later one"),
    ({"encoder": {"kind": "vgg"}}, "cannot be built here: encoder of kind 'vgg'; known are"),
    ({"encoder": {"kind": "resnet", "width": "4", "blocks": 2}}, "cannot be built here"),
    ({"encoder": ResNetEncoder(width=8).settings()}, "does not fit .*has other shapes bn1"),
    ({"encoder": ResNetEncoder(4, (2, 2, 2, 3)).settings()}, r"it lacks layer4\.2\.bn1\.bias and"),
    ({"encoder": ResNetEncoder(4, (2, 2, 2, 1)).settings()}, r"has unknown layer4\.1\.bn1\.bias"),
    ({"front_end": {"n_mels": 128}}, "pictures of another front end"),
    ({"about": None}, "does not say its about"),
])  # fmt: skip
def test_a_file_that_does_not_fit(path, changed, message):
    rewritten(path, **changed)
    with pytest.raises(ValueError, match=message) as error:
        load_encoder(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_not_saved(path):
    before = path.read_bytes()
    network = trained()
    with torch.no_grad():
        network.conv1.weight[0, 0, 0, 0] = 1e6
    with pytest.raises(ValueError, match=r"conv1\.weight leaves the range of float16"):
        save_encoder(path, network, ENCODER, ABOUT, dtype="float16")
    with torch.no_grad():
        network.conv1.weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"conv1\.weight holds NaN or infinity"):
        save_encoder(path, network, ENCODER, ABOUT)
    with pytest.raises(ValueError, match="does not fit"):
        save_encoder(path, trained(), ResNetEncoder(width=8), ABOUT)
    with pytest.raises(ValueError, match=r"ends in \.safetensors"):
        save_encoder(path.with_suffix(".pt"), trained(), ENCODER, ABOUT)
    with pytest.raises(TypeError):
        save_encoder(path, trained(), ENCODER, {"run": object()})
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
