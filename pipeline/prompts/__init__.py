"""Turning a campaign into jobs: cells, prompts and priced requests.

This room uses no network and no clock, and writes no files.
"""
