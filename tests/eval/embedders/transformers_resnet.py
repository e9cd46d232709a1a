"""Our residual networks in transformers, an implementation of other people."""

import torch


def as_transformers(ours, width, blocks):
    """transformers' ResNetModel with our weights, which torchvision's names tell where to put."""
    from transformers import ResNetConfig, ResNetModel

    config = ResNetConfig(
        num_channels=1, embedding_size=width,
        hidden_sizes=[width * 2**stage for stage in range(len(blocks))],
        depths=list(blocks), layer_type="basic",
    )  # fmt: skip
    state: dict[str, torch.Tensor] = {}
    for name, value in ours.state_dict().items():
        parts = name.split(".")
        leaf = parts[-1]
        if parts[0] in ("conv1", "bn1"):
            kind = "convolution" if parts[0] == "conv1" else "normalization"
            state[f"embedder.embedder.{kind}.{leaf}"] = value
            continue
        block = f"encoder.stages.{int(parts[0][-1]) - 1}.layers.{parts[1]}"
        if parts[2] == "downsample":
            kind = "convolution" if parts[3] == "0" else "normalization"
            state[f"{block}.shortcut.{kind}.{leaf}"] = value
        else:
            kind = "convolution" if parts[2].startswith("conv") else "normalization"
            state[f"{block}.layer.{int(parts[2][-1]) - 1}.{kind}.{leaf}"] = value
    theirs = ResNetModel(config).eval()
    theirs.load_state_dict(state)
    return theirs
