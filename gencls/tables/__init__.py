"""Result tables over recorded runs. A run is one data set, study and seed: the report's record (`gencls.report.records`) and its commit.

| module | what |
|---|---|
| runs | recorded runs, what each study contributes, which rows an arm got right |
| compare | means over seeds, intervals, and the exact paired test over them |
| summary | an arm a row, for results/summary.json, results/<data set>.md and the README; the gain next to GenCLS++'s |
| rl | RL after the warm-up: gains over the warm-up and over as many steps of plain SFT |
| two_stage | reasoning before the label against answering directly, with the controls, next to the paper's |
| words | how the Markdown tables are written |
"""
