"""WHAT to render: a campaign file comes in, priced jobs go out.

No network, no clock, and it writes nothing.
"""
