"""The embedded stack: real servers for a laptop, a sample estate, rehearsal models, a local Slack workspace."""
