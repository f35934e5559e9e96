"""DVC's plots: they name outputs of the DAG, and their page opens without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tasks import plots_page

ROOT = Path(__file__).parents[1]
DAG = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))


def dvc(*arguments: str) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(Path("site").resolve())}
    subprocess.run([sys.executable, "-m", "dvc", *arguments], check=True, capture_output=True, env=environment)


@pytest.mark.parametrize("plot", [folder for entry in DAG["plots"] for folder in entry])
def test_a_plot_shows_what_a_stage_writes(plot: str):
    outputs = [out for stage in DAG["stages"].values() for out in stage["outs"]]
    assert any(out == plot or out.startswith(f"{plot}/") for out in outputs)


def test_the_page_of_dvc_plots_opens_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    dvc("init", "--no-scm", "--quiet")
    Path("reports/sft").mkdir(parents=True)
    Path("reports/sft/zero_shot.csv").write_text("epoch,validation_accuracy\n1,0.5\n2,0.75\n")
    Path("dvc.yaml").write_text("plots:\n  - reports/sft:\n      x: epoch\n      y: validation_accuracy\n")
    plots_page.main()
    dvc("plots", "show")
    page = Path("dvc_plots/index.html").read_text(encoding="utf-8")
    assert "<script src" not in page
    assert "window.vegaEmbed=" in page
    assert "reports/sft/zero_shot.csv" in page
    assert "{plot_divs}" not in page
