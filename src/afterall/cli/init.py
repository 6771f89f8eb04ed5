"""`afterall init`: write a commented afterall.toml."""

import os
from pathlib import Path

import click

from afterall.cli.arguments import PATH
from afterall.cli.console import print_path
from afterall.cli.exits import Exit
from afterall.errors import BadInput
from afterall.settings import SETTINGS_NAME

TEMPLATE = """\
# afterall.toml: settings of this experiment set. Its presence opts the set in to the site's hook.
# Every line may be removed; what is commented out shows the default or an example.

# enabled = true                    # false: the site's hook leaves this set alone
# report = "RESULTS.md"             # or "SUMMARY.md", "EXPERIMENT_SUMMARY.md"
# title = "LoRA rank comparison"    # otherwise the heading of the set's README.md
# task = "capitalization"           # what is being fine-tuned for
# description = ""                  # otherwise the first paragraph of the set's README.md
# partial = false                   # true: a provisional report each time a job of the set ends

# experiments = ["runs/*"]          # globs of experiment directories; otherwise found by what lies in them
# exclude = ["scratch*"]            # globs of directories that are no experiments
# logs = ["logs/*.out"]             # globs of logs in common directories

# parameters = ["lora_rank"]        # compare by these only; otherwise by everything that varies
# ignore_parameters = ["num_workers"]
# seeds = ["seed", "random_seed", "data_seed"]    # parameters that only replicate a run

# omit = ["storage"]                # sections to leave out

# figures = true                    # false: no figures are drawn
# html = false                      # true: RESULTS.html too, a page with sortable runs and live curves
# templates = "report-templates"    # directory with templates that replace the report's own

# baseline = "rank4_lr3e-4"         # compare every experiment with this one

# [metrics]                         # rank by these, "min" or "max"; the first decides who is best
# "sorting/match/accuracy" = "max"

# [names]                           # what the report calls parameters
# lora_rank = "rank r"

# [jobs]                            # job ids by experiment, where the logs' names do not tell
# rank4_lr3e-4 = ["123456", "123460_2"]
"""


@click.command("init")
@click.argument("set_dir", metavar="SET", type=PATH, default=".")
def command(set_dir: Path) -> int:
    """Write a commented afterall.toml into SET, which also opts the set in to a site's hook.

    An afterall.toml that is already there is left as it is.

    Example: afterall init /scratch/me/lora_rank_sweep
    """
    path = set_dir / SETTINGS_NAME
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(TEMPLATE)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise BadInput(path, "is already there; it was left as it is") from error
    except OSError as error:
        raise BadInput(path, (error.strerror or str(error)).lower()) from error
    print_path(path)
    return Exit.DONE
