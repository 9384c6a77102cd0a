"""The rules of money, as functions over any `RowStore`: no SQL, no clock, no waiting.

Every function checks first and writes after, so that a refused call has changed nothing. Times are
milliseconds since 1970, UTC, and come from the caller.
"""
