"""Where tasks run: in a process pool here, in this process, or elsewhere.

An executor decides nothing, knows no kind of task, and never pays.
"""
