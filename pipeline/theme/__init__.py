"""The look that every page shares: colours, type and logo, and the loader of page files."""
