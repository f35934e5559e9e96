"""Reinforcement learning after the SFT warm-up: estimators, rewards, and the trainer for a closed label set."""
