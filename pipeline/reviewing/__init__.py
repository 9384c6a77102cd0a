"""Giving verdicts: how a draft is chosen, by a person or by what can be measured.

Every verdict, from the page, the shell or the checks, is bound to the image and the job that were
looked at. This room never spends: who may launch what is handed in, and asked to repeat the sum.
"""
