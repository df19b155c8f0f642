"""The sample estate: a believable organization's machines, images and records, as data in SQL."""

from bot.local.estate.estate import SampleEstate
from bot.local.estate.seed import NEIGHBOR_ORG, seed_estate

__all__ = ["NEIGHBOR_ORG", "SampleEstate", "seed_estate"]
