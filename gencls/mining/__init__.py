"""Label-uncertainty mining: which training rows have a gold label that is hard to believe.

GenCLS++ adds a class "Uncertain" for ambiguous training rows: the two models with the best zero-shot accuracy score the training texts,
and the 10 % with the lowest confidence are marked. Which models it chose from, what its confidence is, how the two scores combine and what
the 10 % are a share of is not known to us. Our reading: confidence is the mean, over two models, of the probability given to the gold
label; the share is of all training rows; zero-shot accuracy is measured on the validation rows.

cross_fit.py     confidence from two cheap models, each row scored by models that did not see it
zero_shot.py     confidence from two bases that were not trained on the labels, as in the paper
marks.py         the lowest share marked, counted, and compared with labels that are known to be wrong
page.py          the marked rows to read: `render(Page)` → HTML
"""
