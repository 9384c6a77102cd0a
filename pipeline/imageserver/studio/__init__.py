"""The engine `proof`: a prompt is read into a scene, and the scene is painted."""
