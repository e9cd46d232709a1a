"""Losses against closed forms, torch.pdist, cross entropy and what they must not depend on."""

import math

import pytest
import torch

from doppel.losses import AlignUniform, InfoNCE, Loss, VICReg, alignment, uniformity

torch.manual_seed(0)
LOSSES = [AlignUniform(), InfoNCE(), InfoNCE(decoupled=True), VICReg()]


def sphere(n=12, d=5, seed=0):
    vectors = torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return vectors / vectors.norm(dim=1, keepdim=True)


def test_alignment_is_the_cosine_and_its_power():
    x, y = sphere(seed=1), sphere(seed=2)
    torch.testing.assert_close(alignment(x, y), (2 - 2 * (x * y).sum(1)).mean())
    assert alignment(x, x) == 0
    torch.testing.assert_close(alignment(x, -x, 1.0), torch.tensor(2.0, dtype=torch.float64))


def test_uniformity_is_the_papers_formula_by_pdist():
    x = sphere(40, 8)
    expected = torch.pdist(x).pow(2).mul(-2).exp().mean().log()
    torch.testing.assert_close(uniformity(x), expected)
    assert uniformity(torch.eye(6, dtype=torch.float64)).item() == pytest.approx(-4.0)
    assert uniformity(torch.ones(4, 3)).item() == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="two vectors at least, got 1"):
        uniformity(x[:1])


def test_uniformity_has_a_finite_gradient_where_vectors_agree():
    x = torch.ones(3, 4, dtype=torch.float64, requires_grad=True)
    uniformity(x).backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_info_nce_is_the_cross_entropy_over_all_others():
    x, y = sphere(seed=1), sphere(seed=2)
    rows = torch.cat([x, y])
    cosines = rows @ rows.T / 0.2
    total = 0.0
    for row in range(24):
        others = [k for k in range(24) if k != row]
        partner = others.index((row + 12) % 24)
        total += torch.nn.functional.cross_entropy(cosines[row, others], torch.tensor(partner))
    torch.testing.assert_close(InfoNCE(0.2)(x, y), torch.as_tensor(total / 24))


def test_decoupled_leaves_the_partner_out():
    """Of two pairs each row has two negatives."""
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    expected = math.log(2 * math.exp(0.0)) - 1.0
    assert InfoNCE(1.0, decoupled=True)(x, x).item() == pytest.approx(expected, abs=1e-6)


def test_vicreg_is_nothing_for_spread_out_equal_views():
    """Columns of a scaled Hadamard matrix: zero mean, unit variance, no covariance."""
    h = torch.tensor([[1, 1, 1], [-1, 1, -1], [1, -1, -1], [-1, -1, 1.0]]) * math.sqrt(3 / 4)
    assert VICReg()(h, h).item() == pytest.approx(0.0, abs=1e-3)
    assert VICReg(0, 25, 0)(h * 0, h * 0).item() == pytest.approx(25 * (1 - 0.01), rel=1e-3)
    assert VICReg(25, 0, 0)(h, -h).item() == pytest.approx(25 * 4 * 0.75, rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_those_of_finite_differences(loss):
    assert isinstance(loss, Loss)
    x, y = sphere(6, 3, 1).requires_grad_(), sphere(6, 3, 2).requires_grad_()
    assert torch.autograd.gradcheck(loss, (x, y), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_pairs_and_views_does_not_matter(loss):
    x, y = sphere(seed=1), sphere(seed=2)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(loss(x[order], y[order]), loss(x, y))
    torch.testing.assert_close(loss(y, x), loss(x, y))
    assert loss(x, x) < loss(x, y)
