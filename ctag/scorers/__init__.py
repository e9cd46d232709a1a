"""Judges of sounds: each turns prompts into a target once and then scores batches of audio."""

from ctag.scorers.protocol import Scorer, Target

__all__ = ["Scorer", "Target"]
