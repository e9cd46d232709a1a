"""Augmentations: what one sound or picture is turned into, so that two views of it differ."""

from doppel.augmentation.protocol import Augmentation, PictureAugmentation

__all__ = ["Augmentation", "PictureAugmentation"]
