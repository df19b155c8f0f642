"""From a monitor's message to a triaged alert: adapters, the hand-over in batches, and the webhook."""
