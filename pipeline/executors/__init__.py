"""Executors, which run tasks: in a process pool, in this process, or elsewhere.

An executor makes no decisions, knows no kind of task, and never spends.
"""
