"""SynthAX and torchsynth as renderers, each drawing parameters in its own way."""

import sys
import types
import warnings
from typing import Any

from scripts.jobs.speed.renderers import JaxRenderer, Renderer, Sounds


def synthax(sounds: Sounds) -> Renderer:
    """SynthAX' Voice: parameters by its own initialiser and their audio in one program."""
    import jax
    from synthax.config import SynthConfig
    from synthax.synth import Voice

    config = SynthConfig(
        batch_size=sounds.batch,
        sample_rate=sounds.sample_rate,
        buffer_size_seconds=sounds.duration_s,
    )
    voice = Voice(config=config)
    return JaxRenderer(jax.jit(lambda key: voice.init_with_output(key)[0]))


def torchsynth(sounds: Sounds) -> Renderer:
    """torchsynth's Voice: batch i of its endless data set."""
    return TorchsynthRenderer(sounds)


def stub_lightning() -> None:
    """Put `pytorch_lightning.core.lightning.LightningModule` into `sys.modules`.

    torchsynth 1.0.2 derives its synths from it, of a release that no longer installs; it needs
    no more than a torch module that knows its device.
    """
    import torch

    class LightningModule(torch.nn.Module):
        """A torch module that knows its device."""

        @property
        def device(self) -> torch.device:
            """Where its parameters are; the CPU while it has none."""
            first = next(self.parameters(), None)
            return torch.device("cpu") if first is None else first.device

    name = "pytorch_lightning"
    for part in ("", ".core", ".core.lightning"):
        sys.modules.setdefault(name + part, types.ModuleType(name + part))
    sys.modules[name + ".core.lightning"].__dict__["LightningModule"] = LightningModule


def import_torchsynth() -> Any:
    """The modules of torchsynth 1.0.2 (`config`, `module`, `synth`), made to import today."""
    if "torchsynth.synth" not in sys.modules:
        stub_lightning()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torchsynth
        import torchsynth.config
        import torchsynth.module
        import torchsynth.synth
    return torchsynth


class TorchsynthRenderer:
    """torchsynth's Voice on the CPU or on the first CUDA device."""

    def __init__(self, sounds: Sounds) -> None:
        torchsynth = import_torchsynth()
        import torch

        self._cuda = torch.cuda.is_available()
        config = torchsynth.config.SynthConfig(
            batch_size=sounds.batch,
            sample_rate=sounds.sample_rate,
            buffer_size_seconds=sounds.duration_s,
            reproducible=False,
        )
        voice = torchsynth.synth.Voice(config)
        if self._cuda:
            voice = voice.to("cuda")
            voice.on_post_move_to_device()
        self._voice = voice
        self._audio: Any = None

    def render(self, index: int) -> None:
        """Draw the parameters of batch `index` and start its audio."""
        self._audio, _, _ = self._voice(index)

    def wait(self) -> None:
        """Return when the device is idle; a CPU always is."""
        if self._cuda:
            import torch

            torch.cuda.synchronize()

    def audio(self) -> Any:
        """The last batch as a numpy array."""
        import torch

        return self._audio.as_subclass(torch.Tensor).cpu().numpy()

    def device_peak_bytes(self) -> int | None:
        """The most that tensors took on the device, as JAX counts it (caches left out)."""
        if not self._cuda:
            return None
        import torch

        return torch.cuda.max_memory_allocated()
