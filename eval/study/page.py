"""The survey as one HTML file with its sounds: it asks nothing of any network."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from eval.harness.audio import resample
from eval.study.plan import StudyPlan

__all__ = ["Encoding", "encoded", "survey_page"]

Encoding = Literal["mp3", "wav"]
Sound = tuple[Float[np.ndarray, " n_samples"], float]

_MP3_RATES = (16000, 22050, 24000, 32000, 44100, 48000)
_MP3_QUALITY = 0.0  # of libsndfile's 0 (best) to 1, constant bit rate


def survey_page(plan: StudyPlan, sounds: Mapping[str, Sound], encoding: Encoding = "mp3") -> str:
    """Return the survey: consent, sounds with questions, and answers to be saved as a file.

    Answers are kept in the browser until they are saved, so that a reload or a closed window loses
    nothing. Conditions and the answers that checks expect do not stand in the page. `?id=NAME` in
    the address fills in who takes part, `&order=7` chooses the order; else the name decides it.

    Args:
        plan: what is asked.
        sounds: wave in [-1, 1] and rate in Hz by name, at least those of the plan.
        encoding: mp3 at the best quality, which all browsers play, or wav of 16 bits.

    Raises:
        ValueError: a sound of the plan is not there, or cannot be encoded.
    """
    wanted = sorted({name for trial in plan.trials for name in trial.sounds})
    if missing := [name for name in wanted if name not in sounds]:
        raise ValueError(f"{len(missing)} sounds of the plan are not there, such as {missing[0]}")
    study: dict[str, Any] = {
        "name": plan.name,
        "version": plan.version,
        "title": plan.title,
        "introduction": plan.introduction,
        "gates": [asdict(gate) for gate in plan.gates],
        "questions": [asdict(question) for question in plan.questions],
        "trials": [
            {"name": trial.name, "sounds": list(trial.sounds), "note": trial.note}
            for trial in plan.trials
        ],
        # What they are to answer stays out of the page.
        "closing": [asdict(gate) | {"needed": ""} for gate in plan.closing],
        "orders": [[[step.trial, int(step.swapped)] for step in order] for order in plan.orders],
        "sounds": {name: encoded(*sounds[name], encoding) for name in wanted},
    }
    # No text in it can end the script element that holds it.
    data = json.dumps(study, ensure_ascii=False).replace("<", "\\u003c")
    page = files("eval.study").joinpath("survey.html").read_text("utf-8")
    return page.replace("{{study}}", data)


def encoded(
    wave: Float[np.ndarray, " n_samples"], sample_rate: float, encoding: Encoding = "mp3"
) -> str:
    """Return a sound as a data address.

    MP3 knows few rates: others are resampled to the next one above, or to 48 kHz.

    Raises:
        ValueError: an empty wave, one beyond full scale, or samples that are not finite.
    """
    import soundfile

    samples = np.asarray(wave, np.float32)
    if samples.ndim != 1 or samples.size == 0 or not np.isfinite(samples).all():
        raise ValueError(f"a sound of a survey is finite and mono, not {samples.shape}")
    if (peak := float(np.abs(samples).max())) > 1:
        raise ValueError(f"a sound of a survey stays within [-1, 1], its peak is {peak:.4g}")
    allowed = _MP3_RATES if encoding == "mp3" else (round(sample_rate),)
    rate = next((rate for rate in allowed if rate >= sample_rate), allowed[-1])
    if rate != sample_rate:
        samples = resample(samples, sample_rate, rate)
        samples = samples / max(1.0, float(np.abs(samples).max()))
    file = io.BytesIO()
    if encoding == "mp3":
        soundfile.write(file, samples, rate, format="MP3", compression_level=_MP3_QUALITY)
    else:
        soundfile.write(file, samples, rate, format="WAV", subtype="PCM_16")
    kind = "audio/mpeg" if encoding == "mp3" else "audio/wav"
    return f"data:{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
