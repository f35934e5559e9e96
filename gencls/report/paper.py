"""What GenCLS++ (He et al. 2025) claims, said once for the page and the result tables."""

ALGORITHMS = ("reinforce_pp", "reinforce_pp_baseline", "grpo")
"""Of RL, those that it compares."""
GAIN = {"all": 0.0346, "public": 0.0400}
"""Mean relative accuracy gain over naive SFT, from its abstract: 7 data sets, and the 4 public ones."""
RL = (
    "GenCLS++ finds that RL adds to its SFT warm-up and that direct answers beat reasoned ones; a summary of it says "
    "that of three algorithms REINFORCE++ adds most, and that RL takes EIC from 82.74 to 85.86"
)
"""The first half is its abstract's; its body was not read."""
