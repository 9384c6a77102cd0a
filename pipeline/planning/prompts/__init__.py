"""Templates become prompts, in a child process that cannot do harm."""
