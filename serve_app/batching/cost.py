"""What a batch costs lately, learned from those that ran: what waits are estimated by."""

# How much of what is known of the model's speed the newest batch replaces.
_SMOOTHING = 0.1
# Under this variance of batch sizes (images squared) there is no line to draw through them.
_LEAST_VARIANCE = 1e-6


class BatchCost:
    """Learns what a batch costs lately: `fixed_s + item_s * size` seconds, a line through sizes and times.

    Seconds an item alone would not do: a GPU takes hardly longer for sixty-four images than for one, a CPU sixty-four
    times as long. While every batch has had the same size, all of its time counts as fixed.
    """

    def __init__(self) -> None:
        self.fixed_s = 0.0
        self.item_s = 0.0
        self.mean_item_s = 0.0
        self._size = self._seconds = self._variance = self._covariance = 0.0

    def learn(self, size: int, seconds: float) -> None:
        """Take in one batch: moving averages, and the least-squares line through what they remember."""
        weight = _SMOOTHING if self._size else 1.0
        size_off, seconds_off = size - self._size, seconds - self._seconds
        self._size += weight * size_off
        self._seconds += weight * seconds_off
        self._variance = (1 - weight) * (self._variance + weight * size_off * size_off)
        self._covariance = (1 - weight) * (self._covariance + weight * size_off * seconds_off)
        self.mean_item_s = self._seconds / self._size
        slope = self._covariance / self._variance if self._variance > _LEAST_VARIANCE else 0.0
        self.item_s = min(max(slope, 0.0), self.mean_item_s)
        self.fixed_s = self._seconds - self.item_s * self._size
