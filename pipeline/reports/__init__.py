"""Reports on a campaign: the journal, the run report and manifest, contact sheets.

A report derives nothing itself: figures come from `state`.
"""
