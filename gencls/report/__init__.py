"""The report: one HTML page that opens offline and answers which model is best, by how much, and whether that is more than chance.

results.py   arms read from the stages' folders; which one is chosen, and by what
page.py      `render(Page)` → HTML, `scores` → the small metrics file
words.py     the sentences at the top, and how numbers are written
rows.py      test rows worth reading, pairs of classes worth separating
charts.py    the figures, as Vega-Lite specifications
calibration_charts.py   those of calibration, abstention and length bias
svg.py       specification → inline SVG that follows the page's light and dark colours
page.html, style.css
"""
