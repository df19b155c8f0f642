"""A local Slack workspace: the Web API, Socket Mode, events and a page, with Slack's own checks and limits.

Start it with `python -m bot.local.slack`, or in-process with `app.build_app`. The bot does not know it is there.
"""
