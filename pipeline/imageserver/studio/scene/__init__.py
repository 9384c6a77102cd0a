"""Reading a prompt into a scene: vocabulary, colours, quotes, icons, product shapes."""
