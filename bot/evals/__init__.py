"""An offline harness: requests in, agents at work, gates judging; nothing runs. What it measures is the models."""
