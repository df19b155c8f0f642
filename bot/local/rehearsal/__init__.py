"""Rehearsal models: an OpenAI-compatible server whose models answer by rule from the request alone. No LLM."""
