"""An explanation as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kfast.scheduler.explain import Explanation

Row = Sequence[str]


def table(found: Explanation, top: int) -> str:
    """Feasible nodes with weighted scores, reasons with counts, and the nearest misses; `top` of each that is long."""
    parts = [_headline(found)]
    if found.pre_filter is not None:
        reasons = "; ".join(found.pre_filter["reasons"])
        parts.append(f"{found.pre_filter['plugin']} rejects it on every node: {reasons}")
        return "\n\n".join(parts)
    if any(found.feasible):
        parts.append(_feasible(found, top))
    if not all(found.feasible):
        parts.append(_rejected(found))
    if found.near_misses:
        parts.append(_near_misses(found, top))
    return "\n\n".join(parts)


def _headline(found: Explanation) -> str:
    best = found.best
    text = f"Pod {found.pod} fits {sum(found.feasible)} of {len(found.nodes)} nodes."
    if best:
        more = f" and {len(best) - 3} more" if len(best) > 3 else ""
        text += f" Best: {', '.join(best[:3])}{more}."
    return text


def _feasible(found: Explanation, top: int) -> str:
    ranked = sorted((-(total or 0), at) for at, total in enumerate(found.total) if total is not None)
    header = ["NODE", "TOTAL", *(f"{name} x{s.weight}" for name, s in found.scores.items())]
    rows = [
        [found.nodes[at], str(-total), *(str(s.weighted[at]) for s in found.scores.values())]
        for total, at in ranked[:top]
    ]
    return _aligned([header, *rows], left={0}) + _more(len(ranked) - top)


def _rejected(found: Explanation) -> str:
    counted = Counter(
        (plugin or "", reason)
        for plugin, reasons in zip(found.plugin, found.reasons, strict=True)
        for reason in reasons or ()
    )
    rows = [[str(n), plugin, reason] for (plugin, reason), n in sorted(counted.items(), key=lambda i: (-i[1], i[0]))]
    return _aligned([["NODES", "PLUGIN", "REASON"], *rows], left={1, 2})


def _near_misses(found: Explanation, top: int) -> str:
    rows = [[m.node, m.plugin, m.fits_if] for m in found.near_misses[:top]]
    return _aligned([["NEAREST MISSES", "PLUGIN", "FITS IF"], *rows], left={0, 1, 2}) + _more(
        len(found.near_misses) - top
    )


def _more(count: int) -> str:
    return f"\n... and {count} more" if count > 0 else ""


def _aligned(rows: Sequence[Row], left: set[int]) -> str:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        "  ".join(
            cell.ljust(w) if at in left else cell.rjust(w) for at, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
