import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from usg.ops import segment_max, segment_mean, segment_softmax, segment_sum

pytestmark = pytest.mark.usefixtures("implementation")

ROWS = torch.tensor([0, 3, 3, 4, 7], dtype=torch.int32)
OPS = [segment_sum, segment_mean, segment_max, segment_softmax]


@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.sampled_from([(), (3,), (2, 2)]))
@settings(max_examples=60, deadline=None)
def test_equals_a_loop_over_rows(lengths, shape):
    lengths = torch.tensor(lengths)
    rowptr = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    values = torch.randn(int(lengths.sum()), *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rows = [values[a:b] for a, b in zip(rowptr[:-1].tolist(), rowptr[1:].tolist(), strict=True)]
    zero = torch.zeros(shape, dtype=values.dtype)
    expected = {
        segment_sum: torch.stack([row.sum(0) for row in rows]),
        segment_mean: torch.stack([row.mean(0) if len(row) else zero for row in rows]),
        segment_max: torch.stack([row.amax(0) if len(row) else zero for row in rows]),
        segment_softmax: torch.cat([row.softmax(0) for row in rows]),
    }
    for op, result in expected.items():
        for pointer in (rowptr, rowptr.int()):
            torch.testing.assert_close(op(values, pointer), result)


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize("shape", [(), (2,), (2, 2)])
def test_gradients(op, shape):
    torch.manual_seed(0)
    values = torch.randn(7, *shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: op(x, ROWS), (values,))


@pytest.mark.parametrize("op", OPS)
def test_second_derivatives_are_refused(op):
    values = torch.randn(7, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(op(values, ROWS).square().sum(), values, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()


def test_max_gives_the_gradient_to_the_first_of_equals():
    values = torch.tensor([2.0, 5.0, 5.0, -1.0, 7.0, 7.0, 7.0], requires_grad=True)
    segment_max(values, ROWS).sum().backward()
    assert values.grad.tolist() == [0, 1, 0, 1, 1, 0, 0]


def test_nothing_to_reduce():
    none = torch.zeros(0, 3)
    rowptr = torch.zeros(3, dtype=torch.int32)
    for op in (segment_sum, segment_mean, segment_max):
        assert torch.equal(op(none, rowptr), torch.zeros(2, 3))
        assert op(none, rowptr[:1]).shape == (0, 3)
    assert segment_softmax(none, rowptr).shape == (0, 3)
    assert segment_max(torch.zeros(7, 0), ROWS).shape == (4, 0)


def test_softmax_of_large_logits_is_finite():
    result = segment_softmax(torch.tensor([1e4, 0.0, -1e4, 3e4, 1.0, 1.0, 1.0]), ROWS)
    torch.testing.assert_close(result, torch.tensor([1.0, 0.0, 0.0, 1.0, 1 / 3, 1 / 3, 1 / 3]))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_types_are_summed_in_float32(dtype):
    values = torch.full((3000,), 1.0, dtype=dtype)
    rowptr = torch.tensor([0, 3000], dtype=torch.int32)
    assert segment_sum(values, rowptr).item() == torch.tensor(3000.0).to(dtype).item()
    assert segment_softmax(values, rowptr).dtype == dtype


def test_a_mean_in_float16_may_come_from_a_sum_and_a_count_that_are_not():
    rowptr = torch.tensor([0, 1000, 71_000])
    values = torch.full((71_000,), 100.0, dtype=torch.float16)
    assert segment_mean(values, rowptr).tolist() == [100.0, 100.0]


def test_strided_values():
    values = torch.arange(14.0).view(2, 7).t()
    for op in OPS:
        torch.testing.assert_close(op(values, ROWS), op(values.contiguous(), ROWS))


@pytest.mark.parametrize("op", OPS)
@pytest.mark.parametrize(
    ("values", "rowptr", "error", "message"),
    [
        (torch.zeros(7, dtype=torch.int64), ROWS, TypeError, "values must be floating, got torch.int64"),
        (torch.zeros(7), ROWS.float(), TypeError, "rowptr must be int32 or int64, got torch.float32"),
        (torch.zeros(6), ROWS, ValueError, "rowptr must rise from 0 to 6 .* got 0 to 7"),
        (torch.zeros(7), torch.tensor([0, 5, 3, 7]), ValueError, "smallest step -2"),
        (torch.zeros(7), torch.tensor([1, 7]), ValueError, "got 1 to 7"),
        (torch.tensor(1.0), ROWS, ValueError, r"values \(e, ...\)"),
        (torch.zeros(7), ROWS.to("meta"), ValueError, "rowptr on meta"),
    ],
)
def test_refuses(op, values, rowptr, error, message):
    with pytest.raises(error, match=message):
        op(values, rowptr)
