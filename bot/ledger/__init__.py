"""The record: an append-only chain per org, the request log, and what is kept by digest. Import from the modules."""
