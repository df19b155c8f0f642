"""The embedded stack: what runs on this machine when nothing else is configured."""
