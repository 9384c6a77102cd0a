"""Buying images: reserve, request, settle, download, inspect, store. Only this room spends money.

Only an attempt that is durable in the ledger permits a request. A request that may have been
charged is never sent again automatically.
"""
