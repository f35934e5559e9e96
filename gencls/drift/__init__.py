"""How far new rows are from those that a model was trained and validated on. No torch here.

| module | does |
|---|---|
| reading | what is kept of a row: the answer, its confidence, how much of the text training never showed |
| reference | the side of a comparison that a bundle carries: validation as the model answered it, and what training texts show |
| measures | two tables of such rows compared: a test and an effect size per measure |
| page | the comparison as one HTML page |
"""
