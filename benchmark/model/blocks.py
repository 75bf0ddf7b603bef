"""Part of an attention call: a block of its queries, or of its keys.

The attention takes the blocks of a call from the last to the first, and all of them see one dictionary,
`Site.between_blocks`. An encoding may keep there what it derives from the keys: the first block to ask sees every key,
and later blocks see a prefix of them, so a value kept there must be valid for any prefix.
"""

from dataclasses import replace

from benchmark.encodings.encoding import CONTIGUOUS, Site


def block(site: Site, start: int, stop: int) -> Site:
    """Queries `start` to `stop` only, with the keys that they can see (all keys if there is a mask)."""
    keys = site.first_query + stop if site.mask is None else site.key_positions.shape[1]
    return replace(
        site,
        hidden=site.hidden[:, :keys],
        query_positions=site.query_positions[:, start:stop],
        key_positions=site.key_positions[:, :keys],
        mask=None if site.mask is None else site.mask[:, :, start:stop],
        first_query=site.first_query + start,
        shared={CONTIGUOUS: True} if site.shared.get(CONTIGUOUS) else {},
    )
