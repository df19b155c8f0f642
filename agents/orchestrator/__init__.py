"""ADR-006: the models behind the agents. One chat interface; single and council modes over it."""
