"""The steps of a task that touch the world. Each is safe to run twice: it will be."""
