"""The checkpoints that LAION published of CLAP, and which network each one is of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHECKPOINTS", "DEFAULT", "Kind", "kind_of"]


@dataclass(frozen=True)
class Kind:
    """What the audio network of a checkpoint is.

    Attributes:
        architecture: as the laion-clap package calls it.
        fusion: whether it fuses pieces of sounds longer than 10 s.
    """

    architecture: str
    fusion: bool


DEFAULT = "630k-audioset-best.pt"

CHECKPOINTS: dict[str, Kind] = {
    "630k-best.pt": Kind("HTSAT-tiny", False),
    "630k-audioset-best.pt": Kind("HTSAT-tiny", False),
    "630k-fusion-best.pt": Kind("HTSAT-tiny", True),
    "630k-audioset-fusion-best.pt": Kind("HTSAT-tiny", True),
    "music_speech_epoch_15_esc_89.25.pt": Kind("HTSAT-base", False),
    "music_audioset_epoch_15_esc_90.14.pt": Kind("HTSAT-base", False),
    "music_speech_audioset_epoch_15_esc_89.98.pt": Kind("HTSAT-base", False),
}
"""By file name."""


def kind_of(
    weights: Path | None, architecture: str | None = None, fusion: bool | None = None
) -> Kind:
    """Return the network of a checkpoint, by its name.

    Args:
        weights: the checkpoint; None: the default one.
        architecture: of a checkpoint with a name of its own; None: HTSAT-tiny.
        fusion: the same; None: without.

    Raises:
        ValueError: the checkpoint is a published one, and is of another network.

    Example:
        >>> kind_of(Path("630k-fusion-best.pt"))
        Kind(architecture='HTSAT-tiny', fusion=True)
    """
    name = DEFAULT if weights is None else weights.name
    known = CHECKPOINTS.get(name)
    if known is None:
        return Kind("HTSAT-tiny" if architecture is None else architecture, bool(fusion))
    for what, given, own in (
        ("architecture", architecture, known.architecture),
        ("enable_fusion", fusion, known.fusion),
    ):
        if given is not None and given != own:
            raise ValueError(
                f"{what}={given} does not fit {name}, which has {what}={own}: "
                "leave it out (null), or give another checkpoint"
            )
    return known
