from clauseproof.sandbox.kms.faults import EVERY, Failure, FaultBoard, Faults


def failures(board: FaultBoard, calls: int, operation: str = "Decrypt") -> list[Failure | None]:
    return [board.meet(operation)[0] for _ in range(calls)]


def test_a_number_of_calls_breaks_and_the_next_goes_through() -> None:
    assert failures(FaultBoard(Faults(throttled_calls=2)), 3) == [Failure.THROTTLED, Failure.THROTTLED, None]


def test_every_call_breaks_when_so_told() -> None:
    assert failures(FaultBoard(Faults(server_error_calls=EVERY)), 50) == [Failure.SERVER_ERROR] * 50


def test_failures_begin_after_the_spared_calls() -> None:
    assert failures(FaultBoard(Faults(expired_credentials=True, spares=2)), 4) == [
        None,
        None,
        Failure.EXPIRED,
        Failure.EXPIRED,
    ]


def test_only_the_named_operations_are_affected_and_counted() -> None:
    board = FaultBoard(Faults(reset_calls=1, delay_s=2, affects=frozenset({"Encrypt"})))
    assert board.meet("Decrypt") == (None, 0.0)
    assert board.meet("Encrypt") == (Failure.RESET, 2)
    assert board.meet("Encrypt") == (None, 2)


def test_setting_faults_starts_the_counts_again() -> None:
    board = FaultBoard(Faults(throttled_calls=1))
    failures(board, 1)
    board.set(Faults(throttled_calls=1))
    assert failures(board, 2) == [Failure.THROTTLED, None]
