"""One run of a campaign: `campaign_file.py` takes the lock, `workflow.py` is the flow."""
