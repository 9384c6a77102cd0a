"""A drawing board for every test of planning."""

import pytest
from campaign_texts import Board


@pytest.fixture
def board(tmp_path):
    return Board(tmp_path)
