"""Checkpoints: what is saved comes back, and damage costs one step at most."""

from __future__ import annotations

import logging
import pickle
import signal
import subprocess
import sys
import time
import zipfile

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
import torch

from eval.harness.checkpoints import CheckpointError, Checkpoints
from tests.conftest import ROOT


@pytest.fixture
def store(tmp_path) -> Checkpoints:
    return Checkpoints(tmp_path / "checkpoints")


def test_nests_of_everything_come_back(store):
    state = {
        "numbers": {"one": 1, "half": 0.5, "big": 2**70, "none": None, "yes": True, "word": "ä"},
        "list": [1, (2, [3.5]), {"x": []}],
        "numpy": np.arange(6, dtype=np.int16).reshape(2, 3),
        "empty": np.zeros((0, 4), np.float32),
        "scalar": np.float32(0.1),
        "bool": np.array([True, False]),
        "complex": np.array([1 + 2j]),
        "words": np.array(["a", "bcd"]),
        "jax": jnp.linspace(0, 1, 5),
        "key": jax.random.key_data(jax.random.key(3)),
        "half": jnp.arange(3, dtype=jnp.bfloat16),
        "torch": torch.arange(4.0).requires_grad_(),
        "torch half": torch.ones(2, dtype=torch.bfloat16),
    }
    store.save("all", state)
    loaded = store.load("all")
    assert loaded is not None
    assert loaded["numbers"] == state["numbers"]
    assert loaded["list"] == state["list"]
    assert isinstance(loaded["list"][1], tuple)
    for name in ("numpy", "empty", "scalar", "bool", "complex", "words", "jax", "key", "half"):
        expected = np.asarray(state[name])
        assert loaded[name].dtype == expected.dtype, name
        assert loaded[name].shape == expected.shape, name
        assert loaded[name].tobytes() == expected.tobytes(), name
    np.testing.assert_array_equal(loaded["torch"], np.arange(4.0))
    assert loaded["torch half"].dtype == ml_dtypes.bfloat16


def test_what_is_not_there_is_none(store):
    assert store.load("x") is None
    assert store.names() == []


def test_the_one_before_is_kept(store):
    for step in range(3):
        store.save("x", {"step": step})
    assert sorted(path.name for path in store.folder.iterdir()) == ["x.before.npz", "x.npz"]
    assert store.names() == ["x"]
    store.folder.joinpath("x.npz").unlink()
    assert store.load("x") == {"step": 1}


@pytest.mark.parametrize("kept", [0, 1, 100, -200, -1])
def test_a_cut_file_falls_back_to_the_one_before_and_says_so(store, caplog, kept):
    for step in range(2):
        store.save("x", {"step": step, "weights": np.arange(1000.0)})
    path = store.folder / "x.npz"
    path.write_bytes(path.read_bytes()[:kept])
    with caplog.at_level(logging.WARNING):
        loaded = store.load("x")
    assert loaded is not None
    assert loaded["step"] == 0
    assert "x.npz" in caplog.text
    assert "going on from the one before" in caplog.text


def test_a_flipped_bit_is_seen(store):
    for step in range(2):
        store.save("x", {"step": step, "weights": np.zeros(1000)})
    path = store.folder / "x.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    loaded = store.load("x")
    assert loaded is not None
    assert loaded["step"] == 0


def test_a_damaged_file_does_not_replace_the_one_before(store):
    for step in range(2):
        store.save("x", {"step": step})
    path = store.folder / "x.npz"
    path.write_bytes(path.read_bytes()[:50])
    later = Checkpoints(store.folder)
    later.save("x", {"step": 2})
    path.write_bytes(b"")
    assert later.load("x") == {"step": 0}


def test_two_damaged_files_are_an_error_not_a_fresh_start(store):
    for step in range(2):
        store.save("x", {"step": step})
    for path in store.folder.iterdir():
        path.write_bytes(b"")
    with pytest.raises(CheckpointError, match=r"no checkpoint of 'x' can be read.*Delete them"):
        store.load("x")


def test_nothing_is_unpickled(store, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    store.save("x", {"a": 1})
    store.save("x", {"a": 2})
    np.savez(store.folder / "x.npz", tree=np.array([Bomb()], dtype=object), allow_pickle=True)
    assert store.load("x") == {"a": 1}
    (store.folder / "x.npz").write_bytes(pickle.dumps(Bomb()))
    assert store.load("x") == {"a": 1}
    assert not (tmp_path / "exploded").exists()


def test_the_file_is_an_ordinary_zip_of_numpy_arrays(store):
    store.save("x", {"weights": np.arange(3)})
    with zipfile.ZipFile(store.folder / "x.npz") as archive:
        assert set(archive.namelist()) == {"tree.npy", "a0.npy"}
    with np.load(store.folder / "x.npz") as arrays:
        np.testing.assert_array_equal(arrays["a0"], np.arange(3))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"a": object()}, "checkpoint x.a: a object cannot be saved"),
        ({"a": [1, {"b": {1, 2}}]}, r"checkpoint x.a\[1\].b: a set cannot be saved"),
        ({"a": {1: 2}}, "checkpoint x.a: the keys of a mapping must be strings"),
        ({"a": np.array([object()])}, "checkpoint x.a: a ndarray cannot be saved"),
        ({"a": jax.random.key(0)}, "checkpoint x.a: .* jax.random.key_data"),
    ],
)
def test_what_cannot_be_saved_is_said_and_the_old_one_stays(store, state, said):
    store.save("x", {"a": 1})
    with pytest.raises(TypeError, match=said):
        store.save("x", state)
    assert store.load("x") == {"a": 1}


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".x", "x.before", "a b"])
def test_names_are_plain(store, name):
    with pytest.raises(ValueError, match="only letters, digits"):
        store.save(name, {})


def test_a_save_may_be_refused(tmp_path):
    def refuse() -> None:
        raise RuntimeError("not yours")

    store = Checkpoints(tmp_path, before_save=refuse)
    with pytest.raises(RuntimeError, match="not yours"):
        store.save("x", {})
    assert list(tmp_path.iterdir()) == []


def test_a_process_killed_at_any_moment_leaves_a_whole_checkpoint(tmp_path):
    script = f"""
import numpy as np
from eval.harness.checkpoints import Checkpoints
store = Checkpoints({str(tmp_path)!r})
step = (store.load("x") or {{"step": 0}})["step"]
while True:
    step += 1
    store.save("x", {{"step": step, "weights": np.full(200_000, float(step))}})
"""
    newest = 0
    for round_ in range(4):
        writer = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT)
        deadline = time.monotonic() + 30
        while True:
            assert time.monotonic() < deadline
            state = Checkpoints(tmp_path).load("x")
            if state is not None and state["step"] > newest + 2:
                break
        time.sleep(0.007 * round_)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        state = Checkpoints(tmp_path).load("x")
        assert state is not None
        assert state["step"] > newest
        newest = state["step"]
        np.testing.assert_array_equal(state["weights"], np.full(200_000, float(newest)))
