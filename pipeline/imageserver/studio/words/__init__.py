"""The words of prompts: languages, noun phrases, colours, and the painter's vocabulary of nouns."""
