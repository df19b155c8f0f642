"""Tools of MCP servers. Whatever a server says, of a tool or in answer to a call, is a stranger's text.

Nothing in here but `opening`, `declared` and `names` is imported where no server is configured: the SDK takes its time.
"""
