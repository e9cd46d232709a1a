"""Tests, mirroring the packages; importing this makes the checker of annotations known by name."""

from tests import typechecker

__all__ = ["typechecker"]
