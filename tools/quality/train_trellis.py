#!/usr/bin/env python3
"""Trains levels of the trellis code on Gaussian groups: how the tables of docs/format.md ("Trellis encoder")
were found.

usage: train_trellis.py BITS [--groups N] [--rounds N] [--seed N]

Encoding and centroids in turn (generalized Lloyd), in float64: each group of 64 is coded at several multipliers
around the one that takes its peak to the largest level, the best one kept and fitted; each level then moves to the
mean of what it stood for. The levels are last rounded to integers, at the size that loses least. Needs numpy.
Another seed gives another size and single levels a step apart, with the same SNR within 0.01 dB.
"""
import argparse
import statistics

import numpy as np

GROUP = 64
STATES = 8


def start(bits):
    """Levels of a code of bits + 1 bits whose density is that of a good scalar quantizer, the largest at 4."""
    count = 2 << bits
    normal = statistics.NormalDist(0, 3 ** 0.5)
    levels = np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
    return levels * (4 / levels[-1])


def nearest(levels, z):
    """Of each subset: the number of the level nearest to each z, and its squared distance."""
    numbers, distances = [], []
    for subset in range(4):
        own = levels[subset::4]
        index = np.searchsorted((own[1:] + own[:-1]) / 2, z)
        numbers.append(4 * index + subset)
        distances.append((z - own[index]) ** 2)
    return numbers, distances


def search(levels, z):
    """The numbers of the levels on the best path of each row of z, and its squared error."""
    rows = len(z)
    costs = np.full((STATES, rows), np.inf)
    costs[0] = 0
    all_numbers, oldest = [], []
    for t in range(GROUP):
        numbers, distances = nearest(levels, z[:, t])
        all_numbers.append(np.array(numbers))
        following = np.empty_like(costs)
        taken = np.empty((STATES, rows), dtype=np.int64)
        for state in range(STATES):
            before = state << 1 & 7
            subset = 2 * ((state >> 2 ^ state >> 1) & 1) + (state & 1)
            zero = costs[before] + distances[subset]
            one = costs[before + 1] + distances[subset ^ 2]
            taken[state] = one < zero
            following[state] = np.minimum(zero, one)
        costs = following
        oldest.append(taken)
    every = np.arange(rows)
    state = costs.argmin(axis=0)
    path = np.zeros((GROUP + 3, rows), dtype=np.int64)  # three zeros before the first bit
    for t in reversed(range(GROUP)):
        path[t + 3] = state >> 2
        state = (state << 1 & 7) | oldest[t][state, every]
    chosen = np.empty(z.shape, dtype=np.int64)
    for t in range(GROUP):
        subset = 2 * (path[t + 3] ^ path[t + 2] ^ path[t]) + path[t + 1]
        chosen[:, t] = all_numbers[t][subset, every]
    return chosen, costs.min(axis=0)


def encode(levels, groups, ratios):
    """The chosen levels and fitted multiplier of each group: the best of the peak over `ratios`."""
    peak = np.abs(groups).max(axis=1) / levels[-1]
    best = np.full(len(groups), np.inf)
    chosen = np.zeros(groups.shape, dtype=np.int64)
    for ratio in ratios:
        multiplier = (peak / ratio)[:, None]
        numbers, error = search(levels, groups / multiplier)
        error *= multiplier[:, 0] ** 2
        better = error < best
        best[better] = error[better]
        chosen[better] = numbers[better]
    values = levels[chosen]
    fitted = (groups * values).sum(axis=1) / (values ** 2).sum(axis=1)
    return chosen, 2 ** (np.round(64 * np.log2(fitted)) / 64)


def snr(levels, groups, ratios):
    chosen, multiplier = encode(levels, groups, ratios)
    error = groups - multiplier[:, None] * levels[chosen]
    return 10 * np.log10((groups ** 2).sum() / (error ** 2).sum())


def centroids(levels, groups, ratios):
    chosen, multiplier = encode(levels, groups, ratios)
    along = np.bincount(chosen.ravel(), (groups * multiplier[:, None]).ravel(), len(levels))
    weight = np.bincount(chosen.ravel(), np.repeat(multiplier ** 2, GROUP), len(levels))
    half = len(levels) // 2
    along = along[half:] - along[:half][::-1]
    weight = weight[half:] + weight[:half][::-1]
    positive = np.sort(np.where(weight > 0, along / np.maximum(weight, 1e-300), levels[half:]))
    return np.concatenate([-positive[::-1], positive])


def rounded(levels, groups, ratios, most):
    """The best integers: at the largest size for 6 bits, else at any size down to 0.72 of it."""
    candidates = []
    for largest in [most] if most > 127 else range(most, int(0.72 * most), -1):
        integers = np.round(levels * (largest / levels[-1]))
        positive = np.maximum(integers[len(levels) // 2:], 1)
        if (np.diff(positive) > 0).all():
            candidates.append(np.concatenate([-positive[::-1], positive]))
    return max(candidates, key=lambda candidate: snr(candidate, groups, ratios))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bits", type=int, choices=range(2, 7))
    parser.add_argument("--groups", type=int, default=16384)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--seed", type=int, default=5)
    arguments = parser.parse_args()
    groups = np.random.default_rng(arguments.seed).standard_normal((arguments.groups, GROUP))
    # The peak falls between these parts of the largest level, less for wider codes.
    middle = {2: 1.35, 3: 1.05, 4: 0.96, 5: 0.90, 6: 0.82}[arguments.bits]
    ratios = middle * 2 ** (np.arange(-8, 9) / 32)
    levels = start(arguments.bits)
    for round_number in range(arguments.rounds):
        levels = centroids(levels, groups, ratios)
    print(f"real-valued: {snr(levels, groups, ratios):.3f} dB")
    few = groups[:4096]
    levels = rounded(levels, few, ratios[::2], 4000 if arguments.bits == 6 else 127)
    print(f"integers:    {snr(levels, groups, ratios):.3f} dB")
    print(" ".join(str(int(level)) for level in levels[len(levels) // 2:]))


if __name__ == "__main__":
    main()
