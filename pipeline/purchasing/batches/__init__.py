"""Ordering images in batches, and collecting them in a later run.

A ticket of the ledger stands for one order. Nothing is sent before it is durable, and every line of
its results is settled by itself, as the reply to a single request is.
"""
