"""Know TRL's trainers by what they log: HF's Trainer prints and keeps their rows and states.

Format: SFTTrainer adds `mean_token_accuracy`, those of preferences `rewards/chosen`, ORPO `log_odds_ratio`,
GRPO and RLOO `completions/…`, the reward trainer `mean_reward`, PPO `objective/…`.
Source: trl 0.8 to 1.16, trainer/*_trainer.py. Trainers that build upon TRL leave marks of their own besides.
"""

from collections.abc import Iterable

from afterall.scan.trainers.trainer import Trainer

NAME = "trl"
_KEYS = frozenset(
    {
        "mean_token_accuracy",
        "rewards/chosen",
        "rewards/margins",
        "log_odds_ratio",
        "completions/mean_length",
        "completion_length",
        "frac_reward_zero_std",
        "mean_reward",
        "objective/kl",
        "objective/rlhf_reward",
    }
)


def is_trls(names: Iterable[str]) -> bool:
    """Tell whether a row with these names was logged by a trainer of TRL's."""
    return not _KEYS.isdisjoint(names)


TRL = Trainer(name=NAME, builds_on="huggingface")
