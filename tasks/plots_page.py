"""`dvc plots show` without the network: DVC's page loads Vega from a CDN unless it is given a template.

`python -m tasks.plots_page` writes one with Vega inside (0.9 MB, from vl_convert) beside DVC's configuration and names it in the checkout's
own .dvc/config.local. Git sees neither.
"""

import subprocess
import sys
from pathlib import Path

import vl_convert

TEMPLATE = Path(".dvc/plots_page.html")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{refresh_tag}
<title>Plots</title>
<style>
  body { margin: 1.5rem; font-family: system-ui, sans-serif; display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
</style>
<script>
VEGA
</script>
</head>
<body>
{plot_divs}
</body>
</html>
"""


def main() -> None:
    """Write the template and make DVC use it."""
    TEMPLATE.write_text(PAGE.replace("VEGA", vl_convert.javascript_bundle()), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "dvc", "config", "--local", "plots.html_template", TEMPLATE.name], check=True)


if __name__ == "__main__":
    main()
