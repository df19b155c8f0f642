"""Files that people attach to a message: fetched from Slack's own host, looked at, redacted, kept sealed for a time."""
