"""Output for other programs: pull requests and shells."""
