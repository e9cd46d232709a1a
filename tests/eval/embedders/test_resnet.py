"""ResNet-18: torchvision's names, and another library's outputs for the same weights."""

import torch

from eval.embedders.resnet import ResNet18
from eval.embedders.stand_ins import seeded, spread
from tests.eval.embedders.transformers_resnet import as_transformers


def test_names_and_shapes_are_torchvisions():
    state = ResNet18(10).state_dict()
    assert state["conv1.weight"].shape == (64, 1, 7, 7)
    assert state["layer1.0.conv1.weight"].shape == (64, 64, 3, 3)
    assert state["layer2.0.downsample.0.weight"].shape == (128, 64, 1, 1)
    assert state["layer4.1.bn2.running_var"].shape == (512,)
    assert state["fc.weight"].shape == (10, 512)
    assert "layer1.0.downsample.0.weight" not in state
    parameters = sum(p.numel() for p in ResNet18().parameters())
    # torchvision's 11,689,512 less 1000 classes (513,000) and two channels of three (6,272).
    assert parameters == 11_689_512 - 513_000 - 6_272


def test_agrees_with_transformers():
    """The same weights in transformers' ResNet give the same features."""
    ours = seeded(lambda: spread(ResNet18()), seed=0)
    for module in ours.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.1, 0.1, generator=torch.Generator().manual_seed(1))
    theirs = as_transformers(ours, 64, (2, 2, 2, 2))
    pictures = torch.randn(2, 1, 64, 96, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected = theirs(pictures).pooler_output[:, :, 0, 0]
        torch.testing.assert_close(ours(pictures), expected, rtol=1e-4, atol=1e-5)
