"""The advisories' tables. Public data: no row is any org's, so none carries one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bot.ledger.tables import UtcDateTime


class Base(DeclarativeBase):
    """All tables of the advisories. A change here needs a new version in `migrations/versions`."""

    type_annotation_map = {str: Text(), datetime: UtcDateTime()}


class AdvisoryRow(Base):
    __tablename__ = "advisories"
    __table_args__ = (Index("ix_advisories_modified_id", "modified", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    modified: Mapped[datetime]
    withdrawn: Mapped[bool]
    rating: Mapped[str | None]
    """The worst; None: nobody has rated it."""
    digest: Mapped[str]
    """Of the body: another import of the same record changes nothing."""
    head: Mapped[str]
    """The same with the start of its details and no references: enough to judge a package with."""
    body: Mapped[str]
    """The :class:`tools.contracts.advisory.Advisory` as canonical JSON, without its packages."""
    origin: Mapped[str]
    """`import`, or `sample`: it came with the sample estate and goes with it."""
    imported_at: Mapped[datetime]


class AdvisoryName(Base):
    """What an advisory may be called by, in lower case."""

    __tablename__ = "advisory_names"

    name: Mapped[str] = mapped_column(primary_key=True)
    advisory_id: Mapped[str] = mapped_column(
        ForeignKey("advisories.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class AdvisoryPackage(Base):
    """Which packages it is about, by the key that they are looked up by."""

    __tablename__ = "advisory_packages"

    ecosystem: Mapped[str] = mapped_column(primary_key=True)
    package: Mapped[str] = mapped_column(primary_key=True)
    advisory_id: Mapped[str] = mapped_column(
        ForeignKey("advisories.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    affected: Mapped[str]
    """What the advisory says of this package, as a JSON list: a kernel's advisory is about hundreds of others too."""
