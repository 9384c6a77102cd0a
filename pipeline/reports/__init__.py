"""Reports on a campaign: the journal, the run report and manifest, contact sheets.

A report computes no figures itself; they come from `state`.
"""
