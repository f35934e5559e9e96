"""A bundle for other engines: `gencls export MODEL OUT --to vllm-guided | onnx`.

| module | does |
|---|---|
| command | the command line |
| question | the prompt as text before and after the row's own, which is all that an engine without gencls can be told |
| vllm | weights and tokenizer as they are, the label set as a choice list for structured outputs |
| onnx | the graph, checked against the torch scorer with onnxruntime, and what a program needs beside it |
| graph | prompt and label trie as one torch module |
| classify | that program; it is copied out and imports nothing of gencls |
"""
