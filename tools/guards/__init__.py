"""The dispatcher's guards: each checks one thing and calls the next. A guard is added by wrapping."""
