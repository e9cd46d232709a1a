"""VGGish: 128 numbers for every 0.96 s (Hershey et al., 2017), the embedding of published FADs.

The weights are the PyTorch conversion of the release. Tools for the Fréchet audio distance take the
embedding before its last rectifier and without the release's principal components; so does the
default here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from eval.embedders.examples import examples
from eval.embedders.hearing import hear, in_chunks
from eval.embedders.identity import identity_of
from eval.embedders.log_mel import LogMel
from eval.embedders.published import checksum, find, find_beside
from eval.embedders.stand_ins import Assets, seeded, spread
from eval.embedders.weights import load_into, read
from eval.harness.devices import Device, torch_device

__all__ = ["Principal", "VggNetwork", "Vggish"]

WEIGHTS, PRINCIPAL = "vggish-10086976.pth", "vggish_pca_params-970ea276.pth"
CHUNK = 32  # examples in one pass


@dataclass(frozen=True)
class Vggish:
    """Embeds sounds of any length; what is left after whole examples is dropped, as released.

    Attributes:
        weights: vggish-10086976.pth, or the folder it lies in.
        activation: whether the last rectifier is applied, as in the release.
        postprocess: whether the release's whitening and rounding to 0-255 is applied.
        principal: vggish_pca_params-970ea276.pth; None looks beside the weights.
        assets: "stand_in" is the same architecture with random weights; needs no file.
        device: where to compute.
    """

    weights: Path | None = None
    activation: bool = False
    postprocess: bool = False
    principal: Path | None = None
    assets: Assets = "published"
    device: Device = "auto"

    name = "vggish"
    sample_rate = 16000.0
    dimension = 128
    licence = "Apache-2.0"
    frame_s = 0.96
    hop_s = 0.96

    @property
    def identity(self) -> str:
        """Name, settings and the checksums of the files in use."""
        files = {"weights": "stand_in"}
        if self.assets == "published":
            files["weights"] = checksum(find(WEIGHTS, self.weights))
            if self.postprocess:
                files["principal"] = checksum(self._principal_path)
        return identity_of(
            self.name, activation=self.activation, postprocess=self.postprocess, **files
        )

    def embed(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch 128"]:
        """Return the mean over a sound's examples."""
        return self.embed_frames(audio, sample_rate).mean(1)

    def embed_frames(
        self, audio: Float[torch.Tensor, "batch n_samples"], sample_rate: float
    ) -> Float[torch.Tensor, "batch n_frames 128"]:
        """Return the embedding of every example of 0.96 s."""
        front_end, network, principal = self._networks
        heard = hear(audio, sample_rate, self.sample_rate, torch_device(self.device))
        pictures = examples(heard, front_end)
        embeddings = in_chunks(network, pictures.flatten(0, 1).unsqueeze(1), CHUNK)
        if self.activation:
            embeddings = embeddings.relu()
        if principal is not None:
            embeddings = principal(embeddings)
        return embeddings.unflatten(0, pictures.shape[:2])

    @property
    def _principal_path(self) -> Path:
        return find_beside(PRINCIPAL, self.principal, self.weights)

    @cached_property
    def _networks(self) -> tuple[LogMel, VggNetwork, Principal | None]:
        device = torch_device(self.device)
        principal = None
        if self.assets == "stand_in":
            network = seeded(lambda: spread(VggNetwork()), seed=0)
            if self.postprocess:
                principal = seeded(Principal, seed=1)
        else:
            network = _loaded(find(WEIGHTS, self.weights))
            if self.postprocess:
                principal = _principal(self._principal_path)
        front_end = LogMel(offset=0.01).to(device)
        return front_end, network.to(device), principal and principal.to(device)


class VggNetwork(torch.nn.Module):
    """Six convolutions and three linear layers; 72 M weights under the conversion's names."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[torch.nn.Module] = []
        before = 1
        for stage in ((64,), (128,), (256, 256), (512, 512)):
            for after in stage:
                layers += [torch.nn.Conv2d(before, after, 3, padding=1), torch.nn.ReLU()]
                before = after
            layers.append(torch.nn.MaxPool2d(2))
        self.features = torch.nn.Sequential(*layers)
        self.embeddings = torch.nn.Sequential(
            torch.nn.Linear(6 * 4 * 512, 4096),
            torch.nn.ReLU(),
            torch.nn.Linear(4096, 4096),
            torch.nn.ReLU(),
            torch.nn.Linear(4096, 128),
        )

    def forward(
        self, pictures: Float[torch.Tensor, "batch 1 96 64"]
    ) -> Float[torch.Tensor, "batch 128"]:
        """Return the embeddings, before a rectifier."""
        x = self.features(pictures)
        # TensorFlow's order: time, band, channel.
        return self.embeddings(x.permute(0, 2, 3, 1).flatten(1))


class Principal(torch.nn.Module):
    """The release's whitening by principal components and rounding of [-2, 2] to 0-255."""

    # For type checkers: what register_buffer makes.
    matrix: torch.Tensor
    means: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("matrix", torch.randn(128, 128) / 128**0.5)
        self.register_buffer("means", torch.zeros(128))

    def forward(self, embeddings: Float[torch.Tensor, "n 128"]) -> Float[torch.Tensor, "n 128"]:
        """Return whole numbers from 0 to 255, as float32."""
        whitened = (embeddings - self.means) @ self.matrix.T
        return torch.round((whitened.clamp(-2.0, 2.0) + 2.0) * (255.0 / 4.0))


def _loaded(path: Path) -> VggNetwork:
    network = VggNetwork()
    load_into(network, read(path), path)
    return network.eval().requires_grad_(False)


def _principal(path: Path) -> Principal:
    values = read(path)
    if not {"pca_eigen_vectors", "pca_means"} <= values.keys():
        raise ValueError(f"{path} holds {sorted(values)}, not pca_eigen_vectors and pca_means")
    tensors = {
        "matrix": torch.from_numpy(np.asarray(values["pca_eigen_vectors"], np.float32)),
        "means": torch.from_numpy(np.asarray(values["pca_means"], np.float32).reshape(-1)),
    }
    principal = Principal()
    load_into(principal, tensors, path)
    return principal
