"""Reinforcement learning after the SFT warm-up: estimators, rewards, and the trainers: one for a closed label set, one for reasoned answers."""
