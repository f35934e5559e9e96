"""What all HTML pages have in common: one style, everything from the data is escaped, a name that a template does not know is an error, and
nothing is fetched from elsewhere.
"""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

STYLE = files("gencls.pages").joinpath("style.css").read_text(encoding="utf-8")
"""Of every page, light and dark, for wide and narrow screens; a page adds the rules that only it needs."""


def template(package: str, **known: object) -> Template:
    """page.html beside the modules of a package; `known` are names that its macros know too, as they do `style`."""
    loader = PackageLoader(package, package_path="")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals |= {"style": Markup(STYLE), **known}
    return environment.get_template("page.html")


def shortened(text: str, longest: int) -> str:
    """At most so many characters, and an ellipsis where there were more."""
    return text if len(text) <= longest else text[:longest].rstrip() + " …"
