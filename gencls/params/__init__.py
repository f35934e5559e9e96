"""params.yaml, typed once.

Every knob of the pipeline is declared here and nowhere else: the stages, the flow's form in the Prefect UI and the presets' test all
read these models. The file is YAML 1.2 (`1e-05` is a number, as `dvc exp run -S` writes it), unknown keys are errors, and a whole file
is checked before anything runs. Data sets and strategies are mappings, because DVC's `matrix` iterates their keys.

section.py     what every section is made of
datasets.py    datasets, validate
strategies.py  strategies, mine, define, neighbours
models.py      model, base
hub.py         what a data set and a corpus of the hub have in common
training.py    sft, head, rl
reasoning.py   reasoner, rationalise
reporting.py   grid, evaluate, report
scoring.py     score
whole.py       all of them, and what they ask of each other
reading.py     from a file to parameters
editing.py     the file with other values
"""

from gencls.params.datasets import (
    LONGEST_CELL,
    RESERVED_NAMES,
    SPLITS,
    AnyDataSet,
    BuiltinDataSet,
    Column,
    DataSet,
    FilesDataSet,
    Format,
    GitDataSet,
    HubDataSet,
    Severity,
    Split,
    SplitFiles,
    SplitRows,
    TableDataSet,
    Validate,
)
from gencls.params.models import Base, Lora, Model
from gencls.params.reading import load, parse
from gencls.params.reasoning import AnyCorpus, BuiltinCorpus, FilesCorpus, HubCorpus, Rationalise, Reasoner, TableCorpus
from gencls.params.reporting import Decoding, Evaluate, Grid, Report
from gencls.params.scoring import Score
from gencls.params.section import Name, ParamsError, Positive, Section, Share
from gencls.params.strategies import REASONS, Define, Mine, Neighbours, RationaleKind, Reasoning, Strategy
from gencls.params.training import Algorithm, ClassWeights, Head, OptimizerName, Rl, Sft, Train
from gencls.params.whole import Params

__all__ = [
    "LONGEST_CELL",
    "REASONS",
    "RESERVED_NAMES",
    "SPLITS",
    "Algorithm",
    "AnyCorpus",
    "AnyDataSet",
    "Base",
    "BuiltinCorpus",
    "BuiltinDataSet",
    "ClassWeights",
    "Column",
    "DataSet",
    "Decoding",
    "Define",
    "Evaluate",
    "FilesCorpus",
    "FilesDataSet",
    "Format",
    "GitDataSet",
    "Grid",
    "Head",
    "HubCorpus",
    "HubDataSet",
    "Lora",
    "Mine",
    "Model",
    "Name",
    "Neighbours",
    "OptimizerName",
    "Params",
    "ParamsError",
    "Positive",
    "RationaleKind",
    "Rationalise",
    "Reasoner",
    "Reasoning",
    "Report",
    "Rl",
    "Score",
    "Section",
    "Severity",
    "Sft",
    "Share",
    "Split",
    "SplitFiles",
    "SplitRows",
    "Strategy",
    "TableCorpus",
    "TableDataSet",
    "Train",
    "Validate",
    "load",
    "parse",
]
