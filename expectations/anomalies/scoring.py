"""Scores of the newest buckets of series: how far each is from what was to be expected, by what
rule.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri_exp

from expectations.anomalies.baseline import Ints, learn
from expectations.anomalies.laws import LEAST_MEAN, SMALLEST, Bools, Floats
from expectations.anomalies.observations import Observations
from expectations.anomalies.rules import DEAD, Case, Rules

# What an event can have done to a figure, as factors.
LEAST_EFFECT, MOST_EFFECT = 0.1, 10.0


@dataclass(frozen=True)
class Scores:
    """What the newest buckets say, (series, buckets): what was `seen` and `expected`, `lower` and
    `upper`, in the unit of the series, by the rule that is nearest to its threshold; the signed `z`
    of that rule, its `strength` as a share of the threshold (from 1 on it is broken), of how many
    `buckets` (0 = the feed is dead). `alone` is the z of the bucket by itself, `usual` what was
    expected of it. `is_known`: enough has been learned. `is_empty`: next to nothing came.
    `is_there`: there is a figure.
    """

    seen: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    z: Floats
    strength: Floats
    buckets: Ints
    alone: Floats
    usual: Floats
    is_known: Bools
    is_empty: Bools
    is_there: Bools

    def at(self, place: int) -> "Scores":
        """Those of one tested bucket, (series,)."""
        return Scores(**{name: values[:, place] for name, values in vars(self).items()})


def score(
    seen: Observations,
    is_trained: Bools,
    rules: Rules,
    tested: int = 1,
    scale: Floats | None = None,
    is_alive: Bools | None = None,
) -> Scores:
    """Scores of the newest `tested` buckets. `is_trained`: buckets that were normal, so far as is
    known; of those tested the earlier teach the later. `scale`: what the event of these buckets did
    the last time (`effects`); they are judged one by one then. `is_alive`: when feeds were as they
    should be, where that is more than `is_trained`.
    """
    window = seen.window(is_trained)
    case = Case(learn(window, rules.pace), rules, tested)
    alone = found = case.alone(scale)
    if scale is None:
        for buckets in rules.several:
            found = found.or_stronger(case.several(buckets))
    sizes = case
    if seen.kind != "count" or is_alive is not None:
        sized = seen.sizes(is_trained if is_alive is None else is_alive)
        sizes = Case(learn(sized, rules.pace), rules, tested)
    likely, is_empty = sizes.silence()
    is_dead = (likely < np.log(max(rules.dead, SMALLEST))) & (rules.dead > 0)
    shown, is_known = window.law.shown, case.known >= rules.learning
    if is_alive is not None:
        # A new level is not known yet; that there should be one is.
        is_known = is_known | (is_dead & (sizes.known >= rules.learning))
    strength = np.where(
        is_dead,
        np.maximum(likely / np.log(max(rules.dead, SMALLEST)), found.strength),
        found.strength,
    )
    return Scores(
        seen=shown(found.seen),
        expected=shown(found.expected),
        lower=shown(found.lower),
        upper=shown(found.upper),
        # Of a silence how unlikely it is, whatever its last bucket alone would say.
        z=np.where(is_dead, np.minimum(ndtri_exp(np.minimum(likely, -SMALLEST)), alone.z), found.z),
        strength=np.where(is_known, strength, 0.0),
        buckets=np.where(is_dead, DEAD, found.buckets),
        alone=alone.z,
        usual=shown(alone.expected),
        is_known=is_known,
        is_empty=is_empty,
        is_there=window.size[:, -tested:] > 0,
    )


def effects(seen: Observations, is_trained: Bools, rules: Rules, tested: int) -> Floats:
    """What the newest `tested` buckets were beside what was expected of them: factors, or
    differences where the law adds; NaN where nothing was.
    """
    window = seen.window(is_trained)
    law, newest = window.law, np.s_[:, -tested:]
    mean = learn(window, rules.pace).expected(lag=1)[newest]
    size, figure = window.size[newest], window.figure[newest]
    is_there = (size > 0) & np.isfinite(figure) & np.isfinite(mean) & (mean > LEAST_MEAN)
    figure, mean = np.where(is_there, figure, 1.0), np.where(is_there, mean, 1.0)
    if not law.is_relative:
        return np.where(is_there, figure - mean, np.nan)
    # One event more on both sides: of a quiet series a factor says little.
    more = 1 / np.maximum(size, 1.0) if law.is_noise_relative else 0.0
    factor = np.clip((figure + more) / (mean + more), LEAST_EFFECT, MOST_EFFECT)
    return np.where(is_there, factor, np.nan)
