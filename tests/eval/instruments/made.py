"""Instruments whose affinities are known."""

import numpy as np

from eval.instruments.notes import Instrument


def of_vectors(vectors, name="made", keys=None):
    return Instrument.of(name, keys or [(60 + n,) for n in range(len(vectors))], vectors)


def of_cosines(cosines, dimension=None, name="made", keys=None):
    """An instrument whose notes have these cosines: the rows of their symmetric square root."""
    values, axes = np.linalg.eigh(cosines)
    rows = (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
    padded = np.zeros((len(rows), dimension or len(rows)))
    padded[:, : rows.shape[1]] = rows
    return of_vectors(padded, name, keys)


def equal_cosines(n, rho):
    return np.full((n, n), rho) + (1 - rho) * np.eye(n)


def rotation(dimension, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(dimension, dimension)))[0]


def at_random(n=6, dimension=10, seed=0, name="random", keys=None):
    return of_vectors(np.random.default_rng(seed).normal(size=(n, dimension)), name, keys)
