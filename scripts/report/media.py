"""Pictures and sounds of run folders, made small enough for one page, within a budget of bytes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from eval.harness import audio
from scripts.runtime.page.element import Markup, tag
from scripts.runtime.page.media import data_uri

__all__ = ["Budget", "evenly", "picture", "player"]

WIDEST = 1500  # pixels
QUALITY = 82  # of WebP
LONGEST_S = 4.0
FADE_S = 0.02
RATE = 24_000  # Hz, of sounds; MP3 knows it


@dataclass
class Budget:
    """The bytes that pictures and sounds may take, as text in the page, and what was left out.

    Args:
        left: bytes.
        pictures, sounds: how many found no room.
        damaged: files that could not be read, one line each.
    """

    left: int
    pictures: int = 0
    sounds: int = 0
    damaged: tuple[str, ...] = ()

    def takes(self, uri: str) -> bool:
        """Whether there is room for it; if so, it is taken."""
        if len(uri) > self.left:
            return False
        self.left -= len(uri)
        return True


def evenly(items: Sequence[Path], most: int) -> list[Path]:
    """At most so many of the items, spread from the first to the last.

    >>> [path.name for path in evenly([Path(str(n)) for n in range(9)], 3)]
    ['0', '4', '8']
    """
    if len(items) <= most:
        return list(items)
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, most)]


def picture(path: Path, alt: str, budget: Budget) -> Markup | None:
    """A picture file as a figure; None where there is no room, or it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as opened:
            shown = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError) as error:
        budget.damaged += (f"{path}: {error}",)
        return None
    if shown.width > WIDEST:
        shown = shown.resize((WIDEST, round(shown.height * WIDEST / shown.width)))
    file = io.BytesIO()
    shown.save(file, format="WEBP", quality=QUALITY)
    uri = data_uri(file.getvalue(), "image/webp")
    if not budget.takes(uri):
        budget.pictures += 1
        return None
    image = tag("img", src=uri, alt=alt, width=shown.width, height=shown.height)
    return tag("figure", image, class_="image")


def player(path: Path, label: str, budget: Budget) -> Markup | None:
    """A sound file as a player of its first seconds, mono; None where there is no room for it."""
    try:
        wave, _ = audio.read(path, RATE)
    except (OSError, ValueError) as error:
        budget.damaged += (f"{path}: {error}",)
        return None
    uri = data_uri(_mp3(wave), "audio/mpeg")
    if not budget.takes(uri):
        budget.sounds += 1
        return None
    sound = tag("audio", controls=True, preload="metadata", src=uri, aria_label=f"Play {label}")
    return tag("figure", tag("figcaption", label), sound, class_="player")


def _mp3(wave: np.ndarray) -> bytes:
    """The first seconds as MP3, faded out where they are cut, never beyond full scale."""
    length = round(LONGEST_S * RATE)
    cut = wave[:length].astype(np.float32)
    if wave.size > length:
        fade = round(FADE_S * RATE)
        cut[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    cut /= max(1.0, float(np.abs(cut).max(initial=0.0)))
    file = io.BytesIO()
    soundfile.write(file, cut, RATE, format="MP3", subtype="MPEG_LAYER_III")
    return file.getvalue()
