"""From a campaign to jobs: cells, prompts and priced requests.

No network and no clock; nothing is written.
"""
