"""Giving verdicts: how a draft is chosen, by a person or by what can be measured.

Every verdict, from the page, the shell or the checks, is bound to the image and the job that were
looked at. This room never spends: launching a run is a Protocol that `app` implements.
"""
