"""The report: one HTML page that opens offline and answers which model is best, by how much, and whether that is more than chance.

results.py      arms on test, read from the stages' folders, and which of them are compared
grid.py         every trained model on validation: switching the prompts at inference, length bias
calibrated.py   what the probabilities of an arm are worth
records.py      the same results for machines
section.py      what the page shows of one data set
page.py         `render(Page)` → HTML
sentences.py    findings in words
rl.py           does RL add to its warm-up, and what did that cost
reasoning.py    does a reasoning before the label help
paper.py        what GenCLS++ claims
words.py        how numbers are written
rows.py         test rows worth reading, pairs of classes worth separating
charts.py       the figures, as Vega-Lite specifications
calibration_charts.py   those of calibration, abstention and length bias
svg.py          specification → inline SVG that follows the page's light and dark colours
page.html, section.html, macros.html
"""
