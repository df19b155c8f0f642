"""The Slack app, and the processes that run it."""
