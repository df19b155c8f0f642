"""One module a monitor: what it posts into Slack, as an `AlertNotice`. None: the message is another's."""
