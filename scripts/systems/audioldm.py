"""AudioLDM (Liu et al., 2023) through diffusers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ctag.prompts import PromptSet
from eval.harness.devices import Device, torch_device
from scripts.runtime.errors import UserError
from scripts.systems.base import Prompted
from scripts.systems.generated import Generate, generated, stand_in_wave

if TYPE_CHECKING:
    from scripts.runtime.run import Run

__all__ = ["AudioLdm"]

RATE = 16000.0


@dataclass(frozen=True)
class AudioLdm:
    """A latent diffusion model that CLAP conditions.

    Attributes:
        weights: a folder with the pipeline in diffusers' layout, such as a copy of audioldm-s-full.
        seconds: of a sound; the pipeline's own is 5.12.
        steps, guidance: of the sampling; None takes the pipeline's own.
        device: where it is computed.
        assets: "stand_in" makes tones in noise without a model.
        name: of the system.
    """

    weights: Path | None
    seconds: float = 5.12
    steps: int | None = None
    guidance: float | None = None
    device: Device = "auto"
    assets: Literal["published", "stand_in"] = "published"
    name: str = "audioldm"

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Make the sounds that are not there yet.

        Raises:
            UserError: diffusers is not installed, or there is no such model.
        """
        return generated(run, prompts, each, self.name, self._start)

    def _start(self) -> Generate:
        if self.assets == "stand_in":
            return stand_in_wave
        try:
            from diffusers import AudioLDMPipeline  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise UserError(
                "system=audioldm needs diffusers, which is not installed: .venv/bin/python -m pip "
                "install diffusers; or give its sounds as files: system=folder "
                "system.folder=FOLDER system.name=audioldm"
            ) from error
        folder = Path(self.weights) if self.weights is not None else None
        if folder is None or not (folder / "model_index.json").is_file():
            raise UserError(
                f"system.weights: no pipeline in {folder}; give a folder with AudioLDM in "
                "diffusers' layout (model_index.json)"
            )
        pipeline = AudioLDMPipeline.from_pretrained(folder, local_files_only=True)
        return self.sampling(pipeline.to(torch_device(self.device)))

    def sampling(self, pipeline: Any) -> Generate:
        """Return what makes sounds with a pipeline."""
        import torch

        given = {"num_inference_steps": self.steps, "guidance_scale": self.guidance}
        settings = {name: value for name, value in given.items() if value is not None}

        def make(text: str, seed: int) -> tuple[np.ndarray, float]:
            generator = torch.Generator(device="cpu").manual_seed(seed)
            found = pipeline(text, audio_length_in_s=self.seconds, generator=generator, **settings)
            return np.asarray(found.audios[0], np.float32), RATE

        return make
