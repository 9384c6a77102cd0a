"""The review page: its server, its security, and the JSON that the browser reads."""
