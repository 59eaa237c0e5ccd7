"""The learning rate by step, and what decays."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from usg.training.optimizer import OptimizerSettings, build_optimizer, learning_rate_factor


def test_warm_up_peak_and_floor() -> None:
    settings = OptimizerSettings(warmup_steps=100, floor=0.1)
    factors = [learning_rate_factor(step, 1000, settings) for step in range(1001)]
    assert factors[0] == pytest.approx(0.01)
    assert max(factors) == factors[99] == factors[100] == 1.0
    assert factors[-1] == pytest.approx(0.1)
    assert all(a >= b for a, b in pairwise(factors[100:]))
    assert learning_rate_factor(5000, 1000, settings) == pytest.approx(0.1)


def test_short_runs_reach_the_peak() -> None:
    assert max(learning_rate_factor(step, 5, OptimizerSettings(warmup_steps=100)) for step in range(5)) == 1.0
    assert learning_rate_factor(0, 1, OptimizerSettings()) == 1.0


def test_only_matrices_decay() -> None:
    module = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    optimizer = build_optimizer(module, OptimizerSettings(weight_decay=0.3), 10)["optimizer"]
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decays[id(module[0].weight)] == 0.3
    assert all(decays[id(p)] == 0.0 for p in (module[0].bias, module[1].weight, module[1].bias))


def test_label_tables_have_a_decay_of_their_own() -> None:
    table, layer, norm = nn.Embedding(5, 3), nn.Linear(3, 2), nn.LayerNorm(2)
    module = nn.Sequential(table, layer, norm)
    settings = OptimizerSettings(weight_decay=0.1, label_decay=0.5)
    optimizer = build_optimizer(module, settings, 10, table.parameters())["optimizer"]
    decays = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert len(decays) == 5  # each parameter once
    assert (decays[id(table.weight)], decays[id(layer.weight)]) == (0.5, 0.1)
    assert all(decays[id(p)] == 0.0 for p in (layer.bias, norm.weight, norm.bias))


def test_refuses_what_cannot_be_trained() -> None:
    frozen = nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter is trainable"):
        build_optimizer(frozen, OptimizerSettings(), 10)
    with pytest.raises(ValueError, match=r"set trainer\.max_steps"):
        build_optimizer(nn.Linear(2, 2), OptimizerSettings(), 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("weight_decay", -0.1),
        ("label_decay", -0.1),
        ("warmup_steps", -1),
        ("floor", 2),
        ("beta1", 1.0),
        ("beta2", -0.1),
        ("beta2", float("nan")),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {value}; expected"):
        OptimizerSettings(**{name: value})


def test_a_step_of_training_moves_the_weights() -> None:
    module = nn.Linear(2, 1)
    built = build_optimizer(module, OptimizerSettings(learning_rate=0.1, warmup_steps=0), 10)
    before = module.weight.detach().clone()
    module(torch.ones(1, 2)).sum().backward()
    built["optimizer"].step()
    built["lr_scheduler"]["scheduler"].step()
    assert not torch.equal(before, module.weight)
