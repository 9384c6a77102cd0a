"""Units that start a campaign's runs at set times: texts that name secrets and hold none."""
