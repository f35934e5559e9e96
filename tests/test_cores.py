"""Pieces of work on all cores: the results are those of one after the other, and torch is left as it was."""

import threading
from collections.abc import Callable

import pytest
import torch

from gencls.cores import cores, spread

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def three_threads(threads: Callable[[int], None]) -> None:
    threads(3)


def test_pieces_go_on_at_once_in_as_many_threads_as_torch_has_and_come_back_in_order() -> None:
    together = threading.Barrier(3, timeout=30)  # of one thread, or of two, it would never let any through

    def work(piece: int) -> tuple[int, int]:
        together.wait()
        return piece, torch.get_num_threads()

    assert list(spread(work, range(6), CPU)) == [(piece, 1) for piece in range(6)]
    assert torch.get_num_threads() == 3


def test_fewer_pieces_than_cores_have_all_threads_each() -> None:
    assert list(spread(lambda piece: (piece, torch.get_num_threads()), [7, 8], CPU)) == [(7, 3), (8, 3)]


def test_no_piece_keeps_gradients() -> None:
    weight = torch.ones(2, requires_grad=True)
    for pieces in ([1], [1, 2, 3, 4]):
        assert not any(product.requires_grad for product in spread(lambda piece: weight * piece, pieces, CPU))


def test_an_error_in_a_piece_is_raised_and_torch_is_left_as_it_was() -> None:
    def work(piece: int) -> float:
        return 1 / piece

    with pytest.raises(ZeroDivisionError):
        list(spread(work, [1, 2, 0, 3], CPU))
    assert torch.get_num_threads() == 3


def test_a_gpu_is_given_one_piece_after_the_other() -> None:
    assert cores(torch.device("cuda")) == 1 and cores(CPU) == 3
