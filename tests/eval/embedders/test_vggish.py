"""VGGish: sizes, the conversion's names and orders, whitening; against independent float64."""

import numpy as np
import pytest
import torch

from eval.embedders.vggish import PRINCIPAL, Principal, Vggish, VggNetwork

# Shapes of the published conversion, by its names.
SHAPES = {
    "features.0.weight": (64, 1, 3, 3),
    "features.3.weight": (128, 64, 3, 3),
    "features.6.weight": (256, 128, 3, 3),
    "features.8.weight": (256, 256, 3, 3),
    "features.11.weight": (512, 256, 3, 3),
    "features.13.weight": (512, 512, 3, 3),
    "embeddings.0.weight": (4096, 12288),
    "embeddings.2.weight": (4096, 4096),
    "embeddings.4.weight": (128, 4096),
}


def test_names_and_shapes_are_the_conversions():
    with torch.device("meta"):
        state = VggNetwork().state_dict()
    assert {n: tuple(w.shape) for n, w in state.items() if n.endswith("weight")} == SHAPES
    assert sum(w.numel() for w in state.values()) == 72_141_184


def test_the_linear_layers_read_time_then_band_then_channel():
    """One weight of the first linear layer listens to one place of the last picture."""
    with torch.device("meta"):
        network = VggNetwork()
    last = torch.zeros(1, 512, 6, 4)
    last[0, 7, 3, 2] = 1.0
    read = []
    network.features.forward = lambda pictures: last
    network.embeddings.forward = lambda x: read.append(x) or torch.zeros(1, 128)
    network(torch.zeros(1, 1, 96, 64))
    assert int(read[0].argmax()) == (3 * 4 + 2) * 512 + 7


def test_whitening_and_rounding_against_float64():
    rng = np.random.default_rng(0)
    matrix, means = rng.normal(size=(128, 128)), rng.normal(size=128)
    vectors = rng.normal(size=(5, 128))
    principal = Principal()
    principal.matrix.copy_(torch.from_numpy(matrix / 12))
    principal.means.copy_(torch.from_numpy(means))
    whitened = (matrix / 12 @ (vectors - means).T).T
    expected = np.round((np.clip(whitened, -2, 2) + 2) * 255 / 4)
    ours = principal(torch.from_numpy(vectors.astype(np.float32))).numpy()
    assert np.abs(ours - expected).max() <= 1  # a value at .5 may round to either side
    assert (ours == expected).mean() > 0.99


@pytest.mark.slow
def test_files_of_the_release_are_read(tmp_path, monkeypatch):
    """Files of the published layout, numpy arrays among them, under the published names."""
    from eval.embedders import published

    network = VggNetwork()
    torch.save(network.state_dict(), tmp_path / "vggish-10086976.pth")
    components = {
        "pca_eigen_vectors": np.eye(128, dtype=np.float32),
        "pca_means": np.zeros((128, 1), np.float32),
    }
    torch.save(components, tmp_path / PRINCIPAL)
    audio = 0.1 * torch.randn(1, 40000, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="should begin with 10086976"):
        Vggish(tmp_path, device="cpu").embed(audio, 16000.0)
    monkeypatch.setattr(published, "damage", lambda entry, digest: None)
    plain = Vggish(tmp_path, device="cpu").embed_frames(audio, 16000.0)
    assert plain.shape == (1, 2, 128)
    rounded = Vggish(tmp_path, postprocess=True, device="cpu").embed_frames(audio, 16000.0)
    expected = torch.round((plain.clamp(-2, 2) + 2) * 63.75)
    torch.testing.assert_close(rounded, expected, atol=1.0, rtol=0)
    rectified = Vggish(tmp_path, activation=True, device="cpu").embed_frames(audio, 16000.0)
    torch.testing.assert_close(rectified, plain.relu())
