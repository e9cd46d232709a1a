"""A small synthesizer and embedder, for jobs that render and listen."""

from eval.embedders.mel_statistics import MelStatistics
from synth.config import SynthConfig
from synth.synth import ShapedNoise

SYNTH = ShapedNoise(SynthConfig(sample_rate=8000, buffer_size_seconds=0.25, control_rate=100))
EMBEDDER = MelStatistics(sample_rate=8000.0, n_mels=16, device="cpu")
