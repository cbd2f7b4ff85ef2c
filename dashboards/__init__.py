"""The Streamlit pages: they show what the query layer answers and compute nothing.

Belongs here: layout, charts, texts. Does not belong here: SQL, formulas, thresholds.
"""
