"""The values that rooms exchange, such as jobs, outcomes and verdicts; all are frozen.

This room imports only the standard library, does no IO and reads no clock.
"""
