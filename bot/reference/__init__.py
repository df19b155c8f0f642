"""The configuration reference, written from the settings tree itself."""
