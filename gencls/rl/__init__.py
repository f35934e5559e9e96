"""Reinforcement learning after SFT: estimators, rewards, and two trainers, for a closed label set and for reasoned answers."""
