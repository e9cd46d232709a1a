"""A HEAR module as small as they come: band energies through a fixed random map."""

import torch

__version__ = "1.0"


class Model(torch.nn.Module):
    sample_rate = 22050
    scene_embedding_size = 8
    timestamp_embedding_size = 8

    def __init__(self, gain):
        super().__init__()
        self.map = torch.nn.Linear(65, 8)
        self.gain = gain


def load_model(model_file_path="", gain=1.0):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Model(gain)


def get_timestamp_embeddings(audio, model):
    lacking = max(0, 128 - audio.shape[1])
    frames = torch.nn.functional.pad(audio, (0, lacking)).unfold(1, 128, 64)
    vectors = model.gain * model.map(torch.log1p(torch.fft.rfft(frames).abs()))
    times = torch.arange(vectors.shape[1]) * 64 / model.sample_rate * 1000
    return vectors, times.expand(len(audio), -1)


def get_scene_embeddings(audio, model):
    return get_timestamp_embeddings(audio, model)[0].mean(1)
