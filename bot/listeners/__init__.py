"""One module per Slack surface. A listener hands over and acknowledges; the work is the workflow's."""
