"""Public CVE data: OSV dumps read, kept in SQL, and served to the tools. It belongs to no org."""
