"""Small classification problems whose answer is known."""

import numpy as np

from eval.probe.base import Examples, Problem


def arrays(kind="multiclass", n=300, dimension=20, n_labels=5, seed=0, spread=1.0):
    """Vectors around the sum of their labels' centres, and targets."""
    generator = np.random.default_rng(seed)
    centres = 1.5 * generator.standard_normal((n_labels, dimension))
    if kind == "multiclass":
        targets = np.eye(n_labels)[generator.permutation(np.arange(n) % n_labels)]
    else:
        targets = (generator.random((n, n_labels)) < 0.4).astype(float)
    noise = spread * generator.standard_normal((n, dimension))
    vectors = 3.0 + 10.0 ** generator.uniform(-1, 1, dimension) * (targets @ centres + noise)
    return vectors.astype(np.float32), targets.astype(np.float32)


def examples(vectors, targets, rows):
    rows = np.asarray(rows, np.int64)
    return Examples(vectors, rows, targets[rows])


def a_problem(kind="multiclass", metric=None, max_epochs=30, split=(0.5, 0.25), **settings):
    """A problem, and examples to test on."""
    vectors, targets = arrays(kind, **settings)
    n = len(vectors)
    a, b = int(split[0] * n), int((split[0] + split[1]) * n)
    metric = metric or ("top1_acc" if kind == "multiclass" else "mAP")
    problem = Problem(
        examples(vectors, targets, range(a)),
        examples(vectors, targets, range(a, b)),
        kind,
        metric,
        max_epochs,
    )
    return problem, examples(vectors, targets, range(b, n))
