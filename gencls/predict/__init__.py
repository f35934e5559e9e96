"""Prediction for files: `gencls predict MODEL IN OUT`, and the same from Python for whatever schedules it.

| module | does |
|---|---|
| command | the command line |
| run | rows through a classifier into a file, in chunks; goes on where it was killed |
| source | IN: csv, tsv, jsonl, parquet; rows that cannot be read, by name |
| text | which columns are the text |
| target | OUT in the same formats; formulas defused in csv |
| journal | what was predicted before a kill |
"""
