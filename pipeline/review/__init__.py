"""Verdicts: how a draft is chosen, by a person or by the automatic checks.

Every verdict, from the page, the shell or the checks, is bound to one image and one job. This room
never spends: launching a run is a Protocol that `app` implements.
"""
