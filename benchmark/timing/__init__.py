"""The pytest-benchmark suite: what an encoding costs, as seconds and as a ratio to no encoding at all.

operations.py   what is timed: forward, training step, one decoding step
test_speed.py   the suite: each round of an encoding is paired with a round of `none` right before it
conftest.py     its options: --encodings, --lengths, --rounds, the model's size, --device, --threads
steps.py        `time --suite peers`: whole training steps beside those of other libraries, which peers.py builds
by_hand.py      the work of a run as a plain loop over such a library

side_by_side.py both of these, and the file that keeps their times; processes.py runs them

sampling.py     beside the suite: how fast a task draws its training rows (`time --suite tasks`, and `check-task`)
cells.py        where the processor time of whole cells goes (`time --suite cells`)

`python -m benchmark time` runs the suite; so does pytest itself, with all of pytest-benchmark's options:

    pytest path/to/benchmark/timing --encodings rope,alibi --benchmark-autosave
"""
