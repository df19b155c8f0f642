"""Why the embedded stack cannot run."""


class StackError(Exception):
    """One sentence for a person: what happened, what was not done, what to do. May end with lines of a log."""
