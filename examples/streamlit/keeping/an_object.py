"""A typed object that lies in a module, and is each person's own."""

import streamlit as st
from keeping.expedition import Sample, Weather, expedition

st.title("An object")
st.caption("A list of dataclasses, an enum: changed as usual, and kept. Press F5, or open a second tab.")

species = st.selectbox("Species", ["Sugar kelp", "Oarweed", "Dabberlocks"])
left, middle, right = st.columns(3)
if left.button("Take a sample"):
    expedition.samples.append(Sample(species))
if middle.button("One more plant") and expedition.samples:
    expedition.samples[-1].plants += 1
if right.button("The weather turns"):
    expedition.weather = Weather.ROUGH if expedition.weather is Weather.CALM else Weather.CALM

st.write(f"{len(expedition.samples)} samples, {expedition.plants} plants, {expedition.weather.value} sea")
for sample in expedition.samples:
    st.write(f"* {sample.species}: {sample.plants}")
