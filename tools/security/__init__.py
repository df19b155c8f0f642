"""Security tools: vulnerabilities of images by CVE data, what can be reached, how far a loss would spread."""
