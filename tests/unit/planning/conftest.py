"""A drawing board for every test of planning."""

import pytest
from drawing_board import Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)
