"""Giving verdicts: how a draft is chosen, by a person or by what can be measured."""
