"""The executor of a Ray cluster: the same cells, records and events as the pool, on machines that share no disk.

    run                 this process: hands the cells to the agent, passes its events on, starts it again if it is lost
     |  lines of JSON
    agent               the only process that loads Ray: holds the cells' locks, submits them, writes what comes back
     |  Ray tasks
    node                on any machine: runs one cell in a worker of its own, as the pool does, in a scratch folder
     |  lines of JSON
    worker              benchmark.experiments.worker, as in the pool

The folder of a cell travels both ways (`folder.py`): what the store has of it goes to the machine, and each new file
comes back while the cell runs. So a machine that dies costs a cell at most what came after the last file, and the next
machine resumes there. A process of its own for Ray, because Ray ends the process that it is loaded in when the machine
or the head that it is connected to dies.

executor.py    `Cluster`, the executor, on the side of the run
agent.py       the agent: connects to Ray or starts one, and says why it cannot
dispatch.py    which cells are in flight, what comes back, and what is tried again
machines.py    the machines of a cluster, what a cell asks of them, and the refusal of what none can give
versions.py    versions that must be the same everywhere; arrival.py compares them on the machine, by value
parcel.py      a user's files and texts, which travel with the cells
folder.py      the folder of a cell, on both sides
node.py        one cell on a machine
"""
