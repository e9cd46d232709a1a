"""The line that says what decides an embedder's numbers."""

from __future__ import annotations

__all__ = ["identity_of"]


def identity_of(name: str, **settings: object) -> str:
    """Return the name with its settings, in a fixed order.

    Example:
        >>> identity_of("vggish", weights="10086976", postprocess=False)
        "vggish(postprocess=False, weights='10086976')"
    """
    said = ", ".join(f"{key}={settings[key]!r}" for key in sorted(settings))
    return f"{name}({said})"
