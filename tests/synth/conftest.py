"""Fixtures of the synthesizer's tests."""

import jaxtyping
import pytest


@pytest.fixture
def unchecked():
    """Shapes and types are not checked by annotations: what users outside of the tests see."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
