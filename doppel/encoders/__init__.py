"""Encoders: networks from log-mel pictures to vectors, by settings that a checkpoint carries."""

from doppel.encoders.protocol import Encoder
from doppel.encoders.settings import encoder_from

__all__ = ["Encoder", "encoder_from"]
