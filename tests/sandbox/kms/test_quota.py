from clauseproof.sandbox.kms.quota import Quota


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def served(quota: Quota, calls: int) -> int:
    return sum(quota.take() for _ in range(calls))


def test_a_second_allows_its_number_of_calls_at_once_and_no_more() -> None:
    assert served(Quota(3, Clock()), 10) == 3


def test_calls_are_allowed_again_as_time_passes_up_to_one_second_worth() -> None:
    clock = Clock()
    quota = Quota(4, clock)
    served(quota, 4)
    clock.now_s = 0.5
    assert served(quota, 10) == 2
    clock.now_s = 60.0
    assert served(quota, 10) == 4
