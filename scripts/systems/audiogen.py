"""AudioGen (Kreuk et al., 2023) through transformers, whose MusicGen is the same architecture."""

from __future__ import annotations

from collections.abc import Callable
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

__all__ = ["AudioGen"]


@dataclass(frozen=True)
class AudioGen:
    """A text-to-audio language model over EnCodec's tokens.

    Attributes:
        weights: a folder with the model in transformers' layout (config.json, model.safetensors,
            tokenizer files), as `save_pretrained` of a `MusicgenForConditionalGeneration` writes
            it. AudioGen is published in audiocraft's layout: convert it once, on a machine that has
            both; its sampling is `top_k` and `guidance`.
        seconds: of a sound; AudioGen was trained on 10 and makes 5 where nothing is said.
        guidance, top_k, temperature: of the sampling; the defaults are audiocraft's.
        device: where it is computed.
        assets: "stand_in" makes tones in noise without a model.
        name: of the system.
    """

    weights: Path | None
    seconds: float = 5.0
    guidance: float = 3.0
    top_k: int = 250
    temperature: float = 1.0
    device: Device = "auto"
    assets: Literal["published", "stand_in"] = "published"
    name: str = "audiogen"

    def sounds(self, run: Run, prompts: PromptSet, each: int) -> Prompted:
        """Make the sounds that are not there yet.

        Raises:
            UserError: there is no such model.
        """
        return generated(run, prompts, each, self.name, self._start)

    def _start(self) -> Generate:
        if self.assets == "stand_in":
            return stand_in_wave
        folder = Path(self.weights) if self.weights is not None else None
        if folder is None or not (folder / "config.json").is_file():
            raise UserError(
                f"system.weights: no model in {folder}; give a folder with AudioGen in the layout "
                "of transformers' MusicgenForConditionalGeneration, or its sounds as files: "
                "system=folder system.folder=FOLDER system.name=audiogen"
            )
        from transformers import AutoTokenizer, MusicgenForConditionalGeneration

        model: Any = MusicgenForConditionalGeneration.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return self.sampling(model.eval().to(torch_device(self.device)), tokenizer)

    def sampling(self, model: Any, tokenizer: Callable[..., Any]) -> Generate:
        """Return what makes sounds with a model."""
        import torch

        codec = model.config.audio_encoder
        rate = float(codec.sampling_rate)
        n_tokens = round(self.seconds * model.audio_encoder.config.frame_rate)

        def make(text: str, seed: int) -> tuple[np.ndarray, float]:
            inputs = tokenizer([text], padding=True, return_tensors="pt").to(model.device)
            device = [model.device] if model.device.type == "cuda" else []
            with torch.random.fork_rng(devices=device), torch.no_grad():
                torch.manual_seed(seed)
                wave = model.generate(
                    **inputs,
                    do_sample=True,
                    guidance_scale=self.guidance,
                    top_k=self.top_k,
                    temperature=self.temperature,
                    # The delay pattern takes a token for each further codebook.
                    max_new_tokens=n_tokens + model.decoder.config.num_codebooks - 1,
                )
            samples = wave[0].float().mean(dim=0).cpu().numpy()
            return samples[: round(self.seconds * rate)], rate

        return make
