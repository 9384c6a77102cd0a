"""A drawing board for every test of planning."""

import pytest
from campaign_texts import CampaignFolder


@pytest.fixture
def board(tmp_path):
    return CampaignFolder(tmp_path)
