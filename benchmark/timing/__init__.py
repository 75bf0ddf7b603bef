"""The pytest-benchmark suite: the cost of an encoding, in seconds and relative to no encoding.

operations.py   the operations timed: forward pass, training step, one decoding step
test_speed.py   the suite: each round of an encoding comes right after a round of `none`
conftest.py     its options: --encodings, --lengths, --rounds, the model's size, --device, --threads
steps.py        `time --suite peers`: whole training steps beside those of other libraries, which peers.py builds
by_hand.py      the work of a run as a plain loop over such a library

side_by_side.py both of these, and the file that keeps their times; processes.py runs them

sampling.py     outside the suite: how fast a task draws its training rows (`time --suite tasks`, and `check-task`)
cells.py        where the processor time of whole cells goes (`time --suite cells`)

Run the suite with `python -m benchmark time`, or with pytest and any of pytest-benchmark's options:

    pytest path/to/benchmark/timing --encodings rope,alibi --benchmark-autosave
"""
