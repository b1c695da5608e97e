"""The figures of an earlier day, as a JSON file that people can read and version."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from songkit.atomic import write_json
from songkit.drift.measure import TOLERANCES, tolerance
from songkit.errors import UsageError, near_names


class Entry(BaseModel):
    """One file: what it was, and what it measured after mastering."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of the source file")
    figures: dict[str, float | None] = Field(description="figures of the mastered signal; null where not defined")

    @field_validator("figures")
    @classmethod
    def _known(cls, figures: dict[str, float | None]) -> dict[str, float | None]:
        for name in figures:
            if tolerance(name) is None:
                raise ValueError(f"unknown figure {name}; {near_names(name, TOLERANCES)}")
        return figures


class Baseline(BaseModel):
    """Everything that a later run is held against."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    version: Literal[1] = 1
    songkit: str = Field(description="version of songkit that measured")
    chain: str = Field(description="name of the chain")
    chain_hash: str = Field(description="SHA-256 of what the chain did")
    files: dict[str, Entry] = Field(description="by path below the corpus, with forward slashes")

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """Raises UsageError where there is none, or none that can be understood."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise UsageError(f"{path} does not exist", "make the baseline with --update") from None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
        except ValidationError as error:
            problem = error.errors()[0]
            where = ".".join(map(str, problem["loc"])) or "the file"
            raise UsageError(
                f"{path} is not a baseline: {where}: {problem['msg']}", "make it anew with --update"
            ) from error

    def store(self, path: Path) -> None:
        """Raises OutputError where it cannot be written."""
        write_json(path, self.model_dump(mode="json"), force=True)
