"""Pretrained checkpoints as subjects: a model that nobody here trained, read with any encoding that adapts RoPE.

    source.py      the files of a checkpoint: where they are, whether they are all there, and their hash
    facts.py       what its config says: sizes, trained length L, rope, sliding windows
    rope.py        the checkpoint's own rope and scaling, put under an encoding
    kernels.py     fused attention of a block of queries to all keys before it
    row.py         one row being read: the KV cache, and attention through the encoding's hooks
    reader.py      log-likelihoods of tokens, and of continuations of a prefix
    checkpoint.py  `open_checkpoint`: from files to a reader

Needs the extra `checkpoints`. Nothing outside this package imports it unless a checkpoint is asked for.
"""
