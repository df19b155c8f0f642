"""A small server that speaks as QL-RF does, over the sample estate: to try and test the connector without QL-RF."""
