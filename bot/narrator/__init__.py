"""Streams a task's progress into its thread while it happens: `bot.narrator.live.Narrator`.

`board` keeps what there is to say, `render` says it in chunks or blocks, `sinks` bring it to Slack, `live` ties them.
"""
