"""Block Kit as pure functions: a model in, a :class:`bot.blocks.message.Message` out. Import from the modules."""
