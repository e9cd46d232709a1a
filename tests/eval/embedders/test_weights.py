"""Weights: recognised by checksum, read without running code, laid in name by name."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from eval.embedders.published import PUBLISHED, Published, damage, find, find_beside, how_to_fetch
from eval.embedders.stand_ins import seeded, spread
from eval.embedders.weights import load_into, read
from eval.harness.files import sha256


@pytest.mark.parametrize("entry", PUBLISHED, ids=lambda e: e.file)
def test_every_entry_is_whole(entry):
    assert re.fullmatch(r"[a-z0-9-]+", entry.name)
    assert re.match(r"https?://", entry.url)
    assert entry.sha256 is None or re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", entry.sha256)
    assert entry.licence
    assert [e.file for e in PUBLISHED].count(entry.file) == 1


def test_damage_compares_what_is_known():
    known = Published("x", "x.pt", "https://a/b", "ab" * 32, "MIT", 1)
    assert damage(known, "ab" * 32) is None
    assert "should be abab" in str(damage(known, "cd" * 32))
    short = Published("x", "x.pt", "https://a/b", "abababab", "MIT", 1)
    assert damage(short, "ab" * 32) is None
    assert "should begin with abababab" in str(damage(short, "cd" * 32))
    assert damage(Published("x", "x.pt", "https://a/b", None, "MIT", 1), "cd" * 32) is None


def test_what_is_missing_says_where_and_how(tmp_path):
    file = "vggish-10086976.pth"
    for path, shown in ((tmp_path, tmp_path / file), (tmp_path / "a.pth", tmp_path / "a.pth")):
        with pytest.raises(FileNotFoundError) as error:
            find(file, path)
        assert str(shown) in str(error.value)
        assert "make weights-vggish fetches it (288 MB, Apache-2.0)" in str(error.value)
    with pytest.raises(FileNotFoundError, match="no path was given for vggish"):
        find(file, None)


def test_what_belongs_to_weights_lies_beside_them_or_in_their_folder(tmp_path):
    file, weights = "yamnet_class_map.csv", tmp_path / "under-any-name"
    weights.touch()
    for given, beside, looked in (
        (None, weights, tmp_path / file),
        (None, str(tmp_path), tmp_path / file),
        (tmp_path / "own.csv", weights, tmp_path / "own.csv"),
    ):
        with pytest.raises(FileNotFoundError) as error:
            find_beside(file, given, beside)
        assert f"{file} is not at {looked}:" in str(error.value)
    with pytest.raises(FileNotFoundError, match="no path was given for yamnet_class_map"):
        find_beside(file, None, None)


def test_how_to_fetch_knows_files_in_folders():
    assert "weights-roberta" in str(how_to_fetch("any/roberta-base/vocab.json"))
    assert how_to_fetch("any/vocab.json") is None
    assert "weights-roberta fetches it (1 MB" in str(how_to_fetch("any/roberta-base"))
    assert "weights-hf-clap fetches it (616 MB" in str(how_to_fetch("any/clap-htsat-unfused"))


def test_a_file_that_changed_is_read_again(tmp_path):
    from eval.embedders.published import checksum

    path = tmp_path / "x"
    path.write_bytes(b"one")
    assert checksum(path) == sha256(path)
    path.write_bytes(b"other")
    assert checksum(path) == sha256(path)


def test_numpy_numbers_of_old_files_are_read(tmp_path):
    """Under the names of numpy 1 too, which files of torch 1 hold."""
    path = tmp_path / "old.pt"
    content = {"w": torch.ones(2), "best": np.float64(0.5), "m": np.eye(2, dtype="f4")}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    saved = path.read_bytes()
    assert b"numpy._core.multiarray" in saved
    for written in (saved, saved.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")):
        path.write_bytes(written)
        found = read(path)
        assert torch.equal(found["w"], torch.ones(2))
        assert found["best"] == 0.5
        np.testing.assert_array_equal(found["m"], np.eye(2))


def test_code_in_a_file_is_not_run(tmp_path):
    ran = tmp_path / "ran"

    class Bad:
        def __reduce__(self):
            return (Path.touch, (ran,))

    path = tmp_path / "bad.pt"
    torch.save({"w": Bad()}, path)
    with pytest.raises(ValueError, match=r"bad\.pt cannot be read as weights"):
        read(path)
    (tmp_path / "worse.pt").write_bytes(pickle.dumps(Bad()))
    with pytest.raises(ValueError, match=r"worse\.pt cannot be read as weights"):
        read(tmp_path / "worse.pt")
    assert not ran.exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_half_a_file_is_one_clear_error(tmp_path, suffix):
    path = tmp_path / f"half{suffix}"
    path.write_bytes(b"PK\x03\x04 half")
    with pytest.raises(ValueError, match=r"half\.\w+ cannot be read as weights"):
        read(path)


def test_weights_must_fit_name_by_name():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    state = {n: torch.ones_like(w) for n, w in network.state_dict().items()}
    where = Path("x.pt")
    del state["1.num_batches_tracked"]
    load_into(network, {**state, "head.weight": torch.ones(1)}, where, unused=("head.",))
    assert torch.equal(network[0].weight, torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"x\.pt does not fit Sequential: it has unknown head"):
        load_into(network, {**state, "head.weight": torch.ones(1)}, where)
    with pytest.raises(ValueError, match=r"it lacks 0\.bias and 5 more"):
        load_into(network, {}, where)
    with pytest.raises(ValueError, match=r"it has other shapes 0\.bias"):
        load_into(network, {**state, "0.bias": torch.ones(4)}, where)
    load_into(network, {n: w for n, w in state.items() if n != "0.bias"}, where, made=("bias",))


def test_a_spread_network_keeps_the_size_of_a_signal():
    layers = [m for _ in range(20) for m in (torch.nn.Linear(256, 256), torch.nn.ReLU())]
    deep = seeded(lambda: spread(torch.nn.Sequential(*layers)), seed=0)
    out = deep(torch.randn(64, 256, generator=torch.Generator().manual_seed(0)))
    assert 0.1 < float(out.square().mean()) < 10
