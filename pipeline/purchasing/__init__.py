"""Images bought: reserve, ask, settle, fetch, inspect, store. The only room where money is risked.

Only a durable attempt permits a request. A request that may have been charged is never sent again
by itself.
"""
