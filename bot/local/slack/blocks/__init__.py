"""What Slack checks in blocks, views and attachments before it accepts them."""
