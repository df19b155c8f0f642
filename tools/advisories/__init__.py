"""Public advisories (CVE data in OSV format): their versions, their severity, and which packages they are about."""
