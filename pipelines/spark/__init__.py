"""The same dbt project on Spark, and the proof that its marts equal DuckDB's.

`python -m pipelines.spark` builds both engines from one landing and prints the comparison. What belongs here
knows both engines; the models know neither.
"""
