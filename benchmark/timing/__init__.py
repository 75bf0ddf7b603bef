"""The pytest-benchmark suite: the cost of an encoding, in seconds and relative to no encoding.

operations.py   the operations timed: forward pass, training step, one decoding step
test_speed.py   the suite: each round of an encoding comes right after a round of `none`
conftest.py     its options: --encodings, --lengths, --rounds, the model's size, --device, --threads
Outside pytest-benchmark:

sampling.py     `time --suite tasks`, and `check-task`: how fast a task draws its training rows
cells.py        `time --suite cells`: where the processor time of whole cells goes
records.py      `time --suite records`: folders of up to 10,000 cells, and what commands take on them
executors.py    `time --suite executors`: what the pool and Ray add to a cell
side_by_side.py `time --suite peers`: single steps and whole runs, here and in other libraries; the file of their times
steps.py        the single training steps; peers.py builds the other libraries' models
by_hand.py      the whole run, as a plain loop over another library
processes.py    runs steps.py, by_hand.py and cells.py as processes

Run the suite with `python -m benchmark time`, or with pytest and any of pytest-benchmark's options:

    pytest path/to/benchmark/timing --encodings rope,alibi --benchmark-autosave
"""
