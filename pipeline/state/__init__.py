"""The state of a campaign, derived once from campaign, ledger and disk.

Run, plan, page, sheet, status and `ls` only show what is derived here.
"""
