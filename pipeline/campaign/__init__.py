"""From a campaign file to a checked campaign.

Everything that can be wrong with a file is found here, with its place. No network, no clock, and
nothing is written.
"""
