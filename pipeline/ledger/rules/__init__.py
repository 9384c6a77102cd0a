"""The rules of money, as functions over any `RowStore`: no SQL, no clock, no waiting.

Every function checks before it writes, so that a refused call changes nothing. Times are
milliseconds since 1970, UTC, and come from the caller.
"""
