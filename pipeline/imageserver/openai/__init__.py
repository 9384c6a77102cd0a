"""OpenAI's Images API as `pipeline serve --wire openai` speaks it, paid by tokens."""
