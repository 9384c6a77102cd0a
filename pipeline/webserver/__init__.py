"""How servers of this program accept connections: limited in number, and not idle for long.

For the review page and the image server. It knows nothing of what they answer.
"""
