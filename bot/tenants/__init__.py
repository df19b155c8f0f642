"""The workspaces that installed the app: their tokens, their clients, and which of them something came from."""
