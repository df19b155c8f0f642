"""What Gavel is made of besides its own code: known vulnerabilities, secrets that slipped in, and the list of it all.

`make audit`, `make secrets`, `make sbom` (`python -m tests.supply …`). Each says what it looked at; what could not be
looked at is said to be so, and is never good news.
"""
