"""The survey's numbers: made up, and the same for everyone, every time."""

import datetime as dt
import random

import pandas as pd
import streamlit as st

SPECIES = ["Sugar kelp", "Oarweed", "Dabberlocks", "Bladder wrack"]
STATIONS = ["North cove", "Lighthouse", "Harbour wall"]
FIRST = dt.date(2026, 3, 1)
LAST = dt.date(2026, 8, 31)


@st.cache_data
def sightings() -> pd.DataFrame:
    dice = random.Random(7)
    days = pd.date_range(FIRST, LAST, freq="3D")
    rows = [
        {
            "day": day.date(),
            "station": station,
            "species": species,
            "plants": max(0, round(dice.gauss(24 + 9 * i + 0.1 * n, 6))),
            "depth": round(dice.uniform(0.5, 8.0), 1),
        }
        for n, day in enumerate(days)
        for i, species in enumerate(SPECIES)
        for station in STATIONS
    ]
    return pd.DataFrame(rows)
