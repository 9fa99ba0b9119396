"""Persisted classes, one of them with an object at the top of a module that every session shares."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

import holdfast


class Mood(enum.Enum):
    CALM = 1
    ROUGH = 2


@dataclass
class Item:
    name: str
    count: int = 1
    tags: list[str] = field(default_factory=list)


@holdfast.persist("app-state")
class AppState:
    items: list[Item]
    mood: Mood

    def __init__(self, start: int = 0) -> None:
        self.count = start
        self.items = []
        self.mood = Mood.CALM
        self.deep = {"a": [{"b": set()}]}
        self._private = "not kept"

    def add(self, name: str) -> Item:
        self.count += 1
        self.items.append(Item(name))
        return self.items[-1]

    @property
    def total(self) -> int:
        return sum(item.count for item in self.items)


@holdfast.persist("wizard", scope="tab")
@dataclass
class Wizard:
    step: int = 1
    answers: dict[str, str] = field(default_factory=dict)


app_state = AppState(5)
wizard = Wizard()


def shown() -> str:
    return f"{app_state.count} {app_state.items} {app_state.mood.name} {app_state.deep} {wizard}"
