"""Prediction for files: `gencls predict MODEL IN OUT`, and the same from Python for whatever schedules it.

| module | does |
|---|---|
| command | the command line |
| run | rows through a classifier into a file, in chunks; goes on where it was killed |
| source | IN: csv, tsv, jsonl, parquet; rows that cannot be read, by name |
| lines | lines of a csv that can be read again after a double quote that is not closed |
| survey | one look at IN before the first answer |
| text | which columns are the text |
| target | OUT in the same formats; formulas defused in csv |
| journal | what was predicted before a kill |
"""
