"""Encoders: shapes and names of other libraries, settings there and back, and the conf tree's."""

import json
from typing import Any

import pytest
import torch

from doppel.encoders import Encoder, encoder_from
from doppel.encoders.ast import AstEncoder
from doppel.encoders.resnet import ResNetEncoder
from eval.embedders.resnet import ResNet18
from eval.embedders.stand_ins import seeded, spread
from scripts.runtime.build import build
from scripts.runtime.catalog import CONF
from scripts.runtime.check import Report, check_node
from tests.eval.embedders.transformers_resnet import as_transformers

NAMES = sorted(path.stem for path in (CONF / "encoder").glob("*.yaml"))
SMALL_AST = AstEncoder(hidden=24, layers=2, heads=2, intermediate=48)
# transformers takes seconds to import.
SMALL = (
    ResNetEncoder(width=4), ResNetEncoder(width=2, blocks=(1, 3, 1, 2)),
    pytest.param(SMALL_AST, marks=pytest.mark.slow),
)  # fmt: skip


def pictures(n=2):
    return torch.randn(n, 96, 64, generator=torch.Generator().manual_seed(2))


def configured(name):
    from omegaconf import OmegaConf

    # Where no experiment says sizes, the width is the paper's.
    tree = {"scale": "paper", "encoder": OmegaConf.load(CONF / "encoder" / f"{name}.yaml")}
    node: Any = OmegaConf.to_container(OmegaConf.create(tree), resolve=True)
    node = node["encoder"]
    report = Report()
    check_node(node, ("encoder",), report)
    assert not report.problems
    return build(node)


@pytest.mark.parametrize(("name", "dimension", "millions"), [
    # torchvision's 11,689,512 and 21,797,672 less 1000 classes (513,000) and two of three input
    # channels (6,272); AST's 86.6 M, with fewer positions and without the classifier.
    ("resnet18", 512, 11.170240), ("resnet34", 512, 21.278400), ("resnet18_quarter", 128, None),
    ("ast", 768, None),
])  # fmt: skip
def test_what_the_configuration_builds(name, dimension, millions):
    encoder = configured(name)
    assert isinstance(encoder, Encoder)
    assert encoder.dimension == dimension
    if millions is not None:
        parameters = sum(p.numel() for p in encoder.build().parameters())
        assert parameters == round(millions * 1e6)


def test_every_file_of_the_configuration_is_checked():
    assert set(NAMES) == {"resnet18", "resnet34", "resnet18_quarter", "ast"}


@pytest.mark.parametrize("encoder", SMALL)
def test_settings_are_json_and_give_the_same_encoder(encoder):
    said = json.loads(json.dumps(encoder.settings()))
    assert encoder_from(said) == encoder


@pytest.mark.parametrize("encoder", SMALL)
def test_it_maps_pictures_to_vectors_with_gradients_everywhere(encoder):
    network = seeded(encoder.build, 0).requires_grad_()
    out = network(pictures(3))
    assert out.shape == (3, encoder.dimension)
    assert out.dtype == torch.float32
    torch.testing.assert_close(network(pictures(3)[1:2])[0], out[1], rtol=1e-4, atol=1e-5)
    out.square().sum().backward()
    assert all(p.grad is not None for name, p in network.named_parameters())


@pytest.mark.parametrize("encoder", SMALL)
def test_weights_come_from_the_global_generator(encoder):
    def weights(seed):
        torch.manual_seed(seed)
        state = encoder.build().state_dict()
        return torch.cat([value.flatten().float() for value in state.values()])

    with torch.random.fork_rng(devices=[]):
        assert torch.equal(weights(1), weights(1))
        assert not torch.equal(weights(1), weights(2))


def test_the_papers_encoder_is_the_evaluations_resnet18():
    """Same names, same shapes, same first weights from a seed, same vectors."""
    ours, theirs = seeded(ResNetEncoder().build, 5), seeded(ResNet18, 5)
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    assert all(torch.equal(v, ours.state_dict()[n]) for n, v in theirs.state_dict().items())
    with torch.no_grad():
        standing = pictures().transpose(1, 2)[:, None]  # (batch, 1, mel, frame)
        torch.testing.assert_close(ours(pictures()), theirs(standing))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "blocks"), [(16, (2, 2, 2, 2)), (8, (3, 4, 6, 3))])
def test_other_widths_and_depths_agree_with_transformers(width, blocks):
    ours = seeded(lambda: spread(ResNetEncoder(width, blocks).build()), seed=0)
    with torch.no_grad():
        expected = as_transformers(ours, width, blocks)(pictures().transpose(1, 2)[:, None])
        torch.testing.assert_close(
            ours(pictures()), expected.pooler_output[:, :, 0, 0], rtol=1e-4, atol=1e-5
        )


@pytest.mark.slow
def test_ast_is_transformers_with_positions_of_our_pictures():
    network = seeded(SMALL_AST.build, 0)
    # 16 x 16 patches every 10: (64 - 16) // 10 + 1 = 5 by (96 - 16) // 10 + 1 = 9, and two tokens.
    assert network.state_dict()["ast.embeddings.position_embeddings"].shape == (1, 47, 24)


@pytest.mark.parametrize(("settings", "message"), [
    ({"kind": "vgg"}, r"encoder of kind 'vgg'; known are ast, resnet"),
    ({}, "encoder of kind None"),
    ({"kind": "resnet", "width": 4}, r"with settings \['width'\]; it has \['blocks', 'width'\]"),
    ({"kind": "resnet", "width": 0, "blocks": [2, 2, 2, 2]}, "a width of at least 1"),
    ({"kind": "resnet", "width": 4, "blocks": [2, 2]}, "four stages"),
    ({**SMALL_AST.settings(), "heads": 5}, "hidden divisible by heads"),
    ({**SMALL_AST.settings(), "patch": 65}, "at most 64 bands"),
    ({**SMALL_AST.settings(), "dropout": 1.0}, r"dropout must be in \[0, 1\)"),
])  # fmt: skip
def test_settings_that_no_encoder_has(settings, message):
    with pytest.raises(ValueError, match=message):
        encoder_from(settings)
