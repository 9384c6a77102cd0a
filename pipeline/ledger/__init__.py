"""What was asked, paid and received.

Written before and after every request; the one source of resume.
"""
