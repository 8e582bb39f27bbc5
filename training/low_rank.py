"""Low-rank updates of linear layers (LoRA, Hu et al. 2021) and their file. No data, no loop."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from rag.rerankers.pair_reader import PairReader


class LowRankLinear(nn.Module):
    """A frozen linear layer plus `up @ down`, which starts at nothing."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Parameter(torch.randn(rank, base.in_features) / math.sqrt(base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, states: Tensor) -> Tensor:
        down, up = self.down.to(states.dtype), self.up.to(states.dtype)
        return self.base(states) + (states @ down.T) @ up.T


def add_low_rank(reader: PairReader, rank: int) -> dict[str, nn.Parameter]:
    """Freeze the base, add updates to every linear layer above `apart`; returns what is learnt, by name."""
    reader.bert.requires_grad_(False)
    learnt: dict[str, nn.Parameter] = {"word_weight": reader.word_weight.weight}
    for number, layer in enumerate(reader.bert.encoder.layer):
        if number < reader.apart:
            continue
        for path, linear in [own for own in layer.named_modules() if isinstance(own[1], nn.Linear)]:
            parent, _, name = path.rpartition(".")
            updated = LowRankLinear(linear, rank)
            setattr(layer.get_submodule(parent), name, updated)
            learnt[f"{number}.{path}.down"], learnt[f"{number}.{path}.up"] = updated.down, updated.up
    return learnt


def write_weights(file: Path, learnt: dict[str, Tensor], described: dict[str, str]) -> None:
    """The learnt weights in bf16, with what the loader must know beside them."""
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: own.detach().to(torch.bfloat16).contiguous() for name, own in learnt.items()}
    save_file(kept, file, metadata=described)
