"""`hwdse pareto` and `hwdse plot`: what no other row of a table beats, and pictures of tables."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.allocate.dominance import nondominated
from hwdse.cli.output import note, print_json, print_table
from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.any_table import read_any_table
from hwdse.files.output import write_text
from hwdse.report.scatter_figure import MOST_GROUPS, ScatterPicture, save_scatter_figure

__all__ = ["pareto", "plot"]

_SHOWN = 40
# Columns that name designs in the product's own tables.
_NAMES = ("spec", "label", "tech", "clock_ns")
# Columns of a row's name at the most.
_MOST_NAMES = 4


def pareto(
    path: Path,
    *,
    minimize: Sequence[str],
    maximize: Sequence[str],
    output: Path | None,
    json: bool,
) -> None:
    """Print, or write, the rows that no other row beats in all of some columns."""
    if not minimize and not maximize:
        raise HwdseError("say what is better: add --minimize COL or --maximize COL, once or more")
    frame = read_any_table(path)
    front = frame.iloc[_front(frame, path, minimize, maximize)]
    front = front.sort_values([*minimize, *maximize][0], kind="stable")
    if output is not None:
        _write(front, output)
        note(f"{len(front)} of {len(frame)} rows are on the front")
    elif json:
        print_json([_record(row) for row in front.to_dict(orient="records")])
    else:
        names = _names(frame)
        shown = [name for name in _NAMES if name in frame and name not in names]
        shown += [name for name in dict.fromkeys([*minimize, *maximize]) if name not in names]
        table = pd.concat([names, frame[shown]], axis="columns").loc[front.index]
        columns = [str(name) for name in table]
        rows = table.head(_SHOWN).to_numpy(dtype=object).tolist()
        print_table(columns, [["-" if cell != cell else cell for cell in row] for row in rows])
        more = f", the first {_SHOWN} are shown" if len(front) > _SHOWN else ""
        note(f"{len(front)} of {len(frame)} rows are on the front{more}")


def plot(
    path: Path,
    *,
    x: str,
    y: str,
    colour: str | None,
    maximize: Sequence[str],
    title: str | None,
    output: Path,
) -> None:
    """Draw one column against another, with the rows that no other beats in both."""
    frame = read_any_table(path)
    for name in maximize:
        if name not in (x, y):
            raise HwdseError(f"--maximize {name!r} is neither the --x nor the --y column")
    across, up = _numbers(frame, x, path), _numbers(frame, y, path)
    keep = np.isfinite(across) & np.isfinite(up)
    if not keep.any():
        raise HwdseError(f"{str(path)!r}: no row has both {x!r} and {y!r}")
    if not keep.all():
        note(f"{int((~keep).sum())} of {len(frame)} rows have no {x} or no {y} and are left out")
    names_of_rows = _names(frame)[keep].to_numpy(dtype=object).tolist()
    frame, across, up = frame[keep].reset_index(drop=True), across[keep], up[keep]
    less = [name for name in (x, y) if name not in maximize]
    front = _front(frame, path, less, list(maximize))
    front = front[np.argsort(across[front], kind="stable")]
    groups, names, shade = _colours(frame, colour, path)
    picture = ScatterPicture(
        title=title or f"{y} against {x}: {len(frame)} rows of {path.name}",
        x_label=x,
        y_label=y,
        x=across,
        y=up,
        colour_label=colour or "",
        groups=groups,
        group_names=names,
        shade=shade,
        front=front,
        steps="steps-pre" if x in maximize else "steps-post",
    )
    print(save_scatter_figure(picture, output))
    for number, row in enumerate(front[:_SHOWN], start=1):
        name = " ".join(str(cell) for cell in names_of_rows[row] if cell == cell)
        print(f"{number:>3}  {name}  {across[row]:.4g}  {up[row]:.4g}")


def _names(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns that tell the rows apart: the spec or label, then others of words while they help.

    Where more than a few would be needed there is one, and a column ``row_number`` from 1.
    """
    known = [name for name in _NAMES if name in frame]
    words = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    kept: list[Hashable] = []
    found = 1
    for name in dict.fromkeys([*known, *words]):
        if kept and found == len(frame):
            break
        count = len(frame[[*kept, name]].astype(str).drop_duplicates())
        if count > found or (not kept and name in ("spec", "label")):
            kept, found = [*kept, name], count
    if kept and found == len(frame) and len(kept) <= _MOST_NAMES:
        return frame[kept]
    number = pd.Series(range(1, len(frame) + 1), index=frame.index, name="row_number")
    return pd.concat([frame[kept[:1]], number], axis="columns")


def _front(
    frame: pd.DataFrame, path: Path, minimize: Sequence[str], maximize: Sequence[str]
) -> NDArray[np.int64]:
    columns = [_numbers(frame, name, path) for name in minimize]
    columns += [-_numbers(frame, name, path) for name in maximize]
    values = np.stack(columns, axis=1)
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    return np.asarray(known[nondominated(values[known])])


def _numbers(frame: pd.DataFrame, name: str, path: Path) -> NDArray[np.float64]:
    if name not in frame:
        hint = nearest_hint(name, [str(column) for column in frame])
        raise HwdseError(f"{str(path)!r} has no column {name!r}{hint}")
    column = frame[name]
    if not pd.api.types.is_numeric_dtype(column):
        raise HwdseError(f"{str(path)!r}: column {name!r} holds words, not numbers")
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


def _colours(
    frame: pd.DataFrame, colour: str | None, path: Path
) -> tuple[NDArray[np.int64] | None, list[str], NDArray[np.float64] | None]:
    """Groups with their names, or a number for each row."""
    if colour is None:
        return None, [], None
    if colour not in frame:
        hint = nearest_hint(colour, [str(column) for column in frame])
        raise HwdseError(f"{str(path)!r} has no column {colour!r}{hint}")
    column = frame[colour]
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MOST_GROUPS:
        return None, [], _numbers(frame, colour, path)
    text = column.map(lambda value: "none" if value != value else str(value)).astype(str)
    counts = text.value_counts()
    kept = sorted(counts.index[: MOST_GROUPS if len(counts) <= MOST_GROUPS else MOST_GROUPS - 1])
    names = kept if len(kept) == len(counts) else [*kept, f"{len(counts) - len(kept)} others"]
    places = {name: at for at, name in enumerate(kept)}
    groups = np.array([places.get(value, len(kept)) for value in text], dtype=np.int64)
    return groups, names, None


def _write(front: pd.DataFrame, output: Path) -> None:
    if output.suffix.lower() != ".csv":
        raise HwdseError(f"{str(output)!r}: the front is written as .csv; choose another -o")
    print(write_text(output, front.to_csv(index=False, lineterminator="\n")))


def _record(row: dict[Hashable, object]) -> dict[str, object]:
    return {str(name): None if value != value else value for name, value in row.items()}
