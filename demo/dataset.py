# SPDX-License-Identifier: MIT
"""Step 3: the UCI Abalone data, made into what XGBoost's CSV input wants, and split."""
import csv
import os
import random

SEXES = ("M", "F", "I")


def read(path):
    """Rows as [rings, one of M F I as 1/0/0, seven measures]: the label is the first column."""
    with open(path, newline="") as f:
        return [[row[8]] + ["1" if row[0] == s else "0" for s in SEXES] + row[1:8] for row in csv.reader(f)]


def split(rows, seed):
    """70 % to train with, 15 % to validate with, 15 % held out. The same seed always gives the same parts."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    a, b = int(len(rows) * 0.70), int(len(rows) * 0.85)
    return rows[:a], rows[a:b], rows[b:]


def write(path, rows):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", newline="") as f:
        csv.writer(f, lineterminator="\n").writerows(rows)
