"""Trellis codes (docs/format.md, "Codec hlwq-t") of many sequences at once, in floats."""
import torch

POSITIVE = {2: [11, 35, 62, 110], 3: [6, 15, 27, 38, 52, 67, 90, 126],
            4: [2, 6, 10, 14, 19, 23, 28, 32, 38, 43, 49, 56, 64, 74, 87, 106]}
# Of a Gaussian: the multiplier at which its deviation is 1, in units of 1 / largest level.
REACH = {2: 2.45, 3: 3.0, 4: 3.45}


def levels_of(bits):
    positive = torch.tensor(POSITIVE[bits], dtype=torch.float32)
    return torch.cat([-positive.flip(0), positive])


def _transitions():
    """For each new state (u, u1, u2), and u3 = 0, 1: the state before, and the subset of levels."""
    before, subset = torch.zeros(2, 8, dtype=torch.long), torch.zeros(2, 8, dtype=torch.long)
    for state in range(8):
        u, u1, u2 = state >> 2, state >> 1 & 1, state & 1
        for u3 in range(2):
            before[u3, state] = 4 * u1 + 2 * u2 + u3
            subset[u3, state] = 2 * (u ^ u1 ^ u3) + u2
    return before, subset


BEFORE, SUBSET = _transitions()


def code(z, bits, weights=None):
    """z [steps, n], in units of levels: the levels of the best path of each of n sequences, which begins in
    state 0 and may end in any. weights [steps, n] of the squared errors."""
    levels = levels_of(bits)
    steps, n = z.shape
    nearest = torch.empty(steps, 4, n)
    for j in range(4):
        own = levels[j::4].contiguous()
        nearest[:, j] = own[torch.bucketize(z, (own[1:] + own[:-1]) / 2)]
    distances = (nearest - z[:, None]).square_()
    if weights is not None:
        distances *= weights[:, None]
    costs = torch.full((8, n), 1e30)
    costs[0] = 0
    took = torch.empty(steps, 8, n, dtype=torch.bool)
    for t in range(steps):
        first = costs[BEFORE[0]] + distances[t][SUBSET[0]]
        second = costs[BEFORE[1]] + distances[t][SUBSET[1]]
        torch.lt(second, first, out=took[t])
        costs = torch.minimum(first, second)
    state = costs.argmin(0)
    result = torch.empty_like(z)
    before, subset = BEFORE.flatten(), SUBSET.flatten()
    for t in range(steps - 1, -1, -1):
        way = took[t].gather(0, state[None])[0] * 8 + state
        result[t] = nearest[t].gather(0, subset[way][None])[0]
        state = before[way]
    return result
