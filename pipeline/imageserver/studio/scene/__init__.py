"""What a prompt means: the parsed scene, its words and the table of products."""
