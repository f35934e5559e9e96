"""From a file that nobody has looked at to a complete params.yaml: what it holds, what is doubtful, and parameters that suit it.

opening.py   format, encoding, delimiter: the records, and how they were read
columns.py   which column is the text, which the label
survey.py    language, classes, duplicates, lengths
plan.py      base model, strategies and epochs for so many rows, measured lengths, an estimate of the time
estimate.py  how long `dvc repro` will take
writing.py   params.yaml, made from the default file's text, and the data set's card

What cannot be decided is an error that lists the candidates and names the flag; what was decided on thin evidence is a doubt.
"""
