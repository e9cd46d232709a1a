"""Batches in parts: the same numbers whatever the parts and the compiler, and gradients."""

import pytest
import torch

from eval.embedders.laion_checkpoints import Kind
from eval.embedders.laion_clap import LaionClap, _Audio
from eval.embedders.passes import Passes
from eval.embedders.stand_ins import seeded

RATE = 48000


@pytest.fixture(scope="module")
def network():
    return seeded(lambda: torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh()), 0)


def test_parts_are_equal_and_few(network):
    seen = []

    def watched(part):
        seen.append(len(part))
        return network(part)

    items = torch.randn(10, 8, generator=torch.Generator().manual_seed(0))
    whole = Passes(chunk=100, device="cpu").run(watched, items)
    for chunk, parts in ((4, [4, 4, 2]), (7, [5, 5]), (1, [1] * 10), (None, [5, 5])):
        seen.clear()
        result = Passes(chunk=chunk, device="cpu").run(watched, items)
        assert seen == parts
        torch.testing.assert_close(result, whole, atol=1e-6, rtol=0)


def test_gradients_are_those_of_one_pass(network):
    items = torch.randn(10, 8, generator=torch.Generator().manual_seed(0))
    (expected,) = torch.autograd.grad(network(items.requires_grad_()).square().sum(), items)
    result = Passes(chunk=3, device="cpu").run_with_gradient(network, items)
    (given,) = torch.autograd.grad(result.square().sum(), items)
    torch.testing.assert_close(given, expected)
    without = Passes(chunk=3, device="cpu").run_with_gradient(network, items.detach())
    assert not without.requires_grad


def test_half_precision_is_near_and_float16_needs_a_gpu(network):
    items = torch.randn(10, 8, generator=torch.Generator().manual_seed(0))
    exact = Passes(device="cpu").run(network, items)
    near = Passes("bfloat16", device="cpu").run(network, items).float()
    assert 1e-5 < (near - exact).abs().max() < 0.03
    with pytest.raises(ValueError, match="float16 needs a GPU; on a CPU take float32 or bfloat16"):
        Passes("float16", device="cpu").run(network, items)
    with pytest.raises(ValueError, match="chunk=0: it must be at least 1"):
        Passes(chunk=0, device="cpu").run(network, items)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
def test_compiled_it_gives_the_same(network):
    items = torch.randn(10, 8, generator=torch.Generator().manual_seed(0))
    compiled = Passes(compile=True, chunk=4, device="cpu")
    result = compiled.run(compiled.compiled(network), items)
    assert result.shape == (10, 16)
    torch.testing.assert_close(result, network(items), atol=1e-6, rtol=0)


@pytest.mark.slow
def test_claps_vectors_do_not_depend_on_parts_and_hardly_on_precision():
    noise = 0.1 * torch.randn(3, RATE, generator=torch.Generator().manual_seed(0))
    made = LaionClap(assets="stand_in", device="cpu", chunk=3).embed(noise, RATE)
    single = LaionClap(assets="stand_in", device="cpu", chunk=1).embed(noise, RATE)
    torch.testing.assert_close(single, made, atol=1e-5, rtol=0)
    half = LaionClap(assets="stand_in", device="cpu", precision="bfloat16").embed(noise, RATE)
    assert half.dtype == torch.float32
    torch.testing.assert_close(half.norm(dim=1), torch.ones(3))
    assert ((half * made).sum(1) > 0.99).all()


@pytest.mark.slow
def test_claps_gradient_is_the_slope():
    """Central differences in float64, in random directions, of the cosine with a fixed vector."""
    embedding = seeded(lambda: _Audio(Kind("HTSAT-tiny", False)), seed=0).double().embedding()
    draw = torch.Generator().manual_seed(0)
    audio = 0.1 * torch.randn(1, 48000, generator=draw, dtype=torch.float64)
    wanted = torch.randn(512, generator=draw, dtype=torch.float64) / 512**0.5

    def score(x):
        return (embedding(x) @ wanted).sum()

    (slope,) = torch.autograd.grad(score(audio.requires_grad_()), audio)
    assert slope.isfinite().all()
    assert slope.norm() > 0
    ours = LaionClap(assets="stand_in", device="cpu")
    single = audio.detach().float().requires_grad_()
    (given,) = torch.autograd.grad(
        (ours.embed_with_gradient(single, RATE) @ wanted.float()).sum(), single
    )
    torch.testing.assert_close(given.double(), slope, atol=2e-3 * float(slope.abs().max()), rtol=0)
    with torch.no_grad():
        for direction in (slope, torch.randn(audio.shape, generator=draw, dtype=torch.float64)):
            step = direction / direction.norm() * 1e-4
            difference = (score(audio + step) - score(audio - step)) / 2e-4
            expected = (slope * direction).sum() / direction.norm()
            torch.testing.assert_close(difference, expected, rtol=1e-4, atol=1e-8)
