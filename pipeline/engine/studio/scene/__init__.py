"""What a prompt means, for any renderer: the parsed scene, its words and the table of products."""
