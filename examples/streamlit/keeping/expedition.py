"""What the object page keeps: typed, and compared at any depth."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import holdfast


class Weather(enum.Enum):
    CALM = "calm"
    ROUGH = "rough"


@dataclass
class Sample:
    species: str
    plants: int = 1


@holdfast.persist("expedition")
@dataclass
class Expedition:
    samples: list[Sample] = field(default_factory=list)
    weather: Weather = Weather.CALM

    @property
    def plants(self) -> int:
        return sum(sample.plants for sample in self.samples)


expedition = Expedition()
