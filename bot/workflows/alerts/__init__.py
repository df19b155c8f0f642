"""Alerts as durable things: the life of each, and the desk of the channel at which they are triaged."""
