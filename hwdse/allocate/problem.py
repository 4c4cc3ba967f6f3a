"""The allocation problem: layers, tied groups, the options of each group, and their figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint

from .cells import Names
from .table import KEYS, TEXT, named_table, row_name

__all__ = ["Problem", "build_problem"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Problem:
    """A validated option table.

    An entry is an option of a group: the one that all its layers then take. Entries of a group
    stand together, by name of the option; groups are in the order of the least of their layer
    names. So nothing here depends on the order of the table's rows.

    Attributes:
        layers: Layer names in the order they first appear.
        options: Names of all options, sorted.
        columns: Numeric columns, in the order of the table.
        values: The figures, float64, one row for each row of the table; read-only.
        layer_group: The group of each layer.
        layer_set: The cell in column `group` of each layer, empty without one.
        first: Entries of group g are first[g] .. first[g+1]-1.
        entry_option: The option of each entry, an index into `options`.
        entry_start: The rows of entry e are rows[entry_start[e]:entry_start[e+1]].
        rows: Rows of the table, one for each entry and layer.
        row_layer: The layer of each row of the table.
        table: The cleaned table.
    """

    layers: tuple[str, ...]
    options: tuple[str, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    layer_group: Ints
    layer_set: tuple[str, ...]
    first: Ints
    entry_option: Ints
    entry_start: Ints
    rows: Ints
    row_layer: Ints
    table: pd.DataFrame

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.first) - 1

    @property
    def entry_group(self) -> Ints:
        """The group of each entry."""
        return np.repeat(np.arange(self.groups), np.diff(self.first))

    def members(self, group: int) -> list[str]:
        """The layers of a group."""
        return [self.layers[i] for i in np.flatnonzero(self.layer_group == group)]

    def find_layer(self, name: str) -> int:
        """A layer's index; HwdseError with the nearest name where there is none."""
        try:
            return self.layers.index(name)
        except ValueError:
            hint = nearest_hint(name, self.layers)
            raise HwdseError(f"the table has no layer {name!r}{hint}") from None

    def find_option(self, name: str) -> int:
        """An option's index; HwdseError with the nearest name where there is none."""
        try:
            return self.options.index(name)
        except ValueError:
            hint = nearest_hint(name, self.options)
            raise HwdseError(f"the table has no option {name!r}{hint}") from None


def build_problem(
    frame: pd.DataFrame, *, ties: Iterable[Sequence[str]] = (), need: Sequence[str] = KEYS
) -> Problem:
    """Check an option table and gather it into a `Problem`.

    Args:
        frame: `layer, option, loss, [tie], [group]` and any numeric resource columns.
        ties: Further sets of layers that take the same option.
        need: Columns that must be there.

    Raises:
        HwdseError: As `clean_table`; also a layer and option given twice, a layer with two ties or
            two groups, or tied layers without a common option.
    """
    table, names = named_table(frame, need=need)
    layer = names["layer"].codes
    layers = tuple(names["layer"].kinds.tolist())
    option_names = sorted(names["option"].kinds.tolist())
    place = {name: at for at, name in enumerate(option_names)}
    option = np.array([place[name] for name in names["option"].kinds])[names["option"].codes]
    tie = _per_layer(table, names, "tie", len(layers))
    layer_set = _per_layer(table, names, "group", len(layers))
    key = _tie_keys(tie, layers, ties)

    # Groups in the order of the least of their layer names.
    rank = np.empty(len(layers), dtype=np.int64)
    rank[np.array(sorted(range(len(layers)), key=layers.__getitem__))] = np.arange(len(layers))
    least = np.full(int(key.max()) + 1, len(layers))
    np.minimum.at(least, key, rank)
    present = np.flatnonzero(least < len(layers))
    number = np.zeros(len(least), dtype=np.int64)
    number[present[np.argsort(least[present])]] = np.arange(len(present))
    layer_group = number[key]
    size = np.bincount(layer_group)

    # Entries: what all layers of a group offer.
    group = layer_group[layer]
    entry_key = group * len(option_names) + option
    if size.max() > 1:
        order = np.lexsort((rank[layer], entry_key))
    elif bool((entry_key[1:] > entry_key[:-1]).all()):
        order = np.arange(len(entry_key))
    else:
        order = np.argsort(entry_key, kind="stable")
    _check_duplicates(table, entry_key[order], layer[order], order)
    ordered = entry_key[order]
    start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    count = np.diff(np.r_[start, len(ordered)])
    entry_group = ordered[start] // len(option_names)
    shared = count == size[entry_group]
    first = np.r_[0, np.cumsum(np.bincount(entry_group[shared], minlength=len(size)))]
    if (np.diff(first) == 0).any():
        bad = np.flatnonzero(layer_group == int(np.argmax(np.diff(first) == 0)))
        tied = sorted(layers[i] for i in bad.tolist())
        shown = ", ".join(tied[:4]) + (", ..." if len(tied) > 4 else "")
        label = f"tie {tie[bad[0]]!r}: its layers" if tie[bad[0]] else "tied layers"
        raise HwdseError(f"{label} ({shown}) have no option in common")

    columns = tuple(c for c in table.columns if c not in TEXT)
    values = np.empty((len(table), len(columns)), order="F")
    for at, column in enumerate(columns):
        values[:, at] = table[column].to_numpy()
    values.setflags(write=False)
    return Problem(
        layers=layers,
        options=tuple(option_names),
        columns=columns,
        values=values,
        layer_group=layer_group,
        layer_set=tuple(layer_set),
        first=first,
        entry_option=(ordered[start] % len(option_names))[shared],
        entry_start=np.r_[0, np.cumsum(count[shared])],
        rows=order[np.repeat(shared, count)],
        row_layer=layer,
        table=table,
    )


def _check_duplicates(table: pd.DataFrame, key: Ints, layer: Ints, order: Ints) -> None:
    """Rows in the order given must differ in key or layer from the one before."""
    same = np.flatnonzero((key[1:] == key[:-1]) & (layer[1:] == layer[:-1]))
    if same.size:
        at = int(np.argmin(order[same + 1]))
        again, before = int(order[same[at] + 1]), int(order[same[at]])
        name, option = (table[column].iloc[again] for column in ("layer", "option"))
        raise HwdseError(
            f"{row_name(table, again)}: layer {name!r} has option {option!r} "
            f"already ({row_name(table, before)})"
        )


def _per_layer(
    table: pd.DataFrame, names: Mapping[str, Names], column: str, count: int
) -> list[str]:
    """A column of names that must be the same in all rows of a layer; empty without the column."""
    if column not in names:
        return [""] * count
    layer, code, kinds = names["layer"].codes, names[column].codes, names[column].kinds
    row = np.full(count, len(table))
    np.minimum.at(row, layer, np.arange(len(table)))
    differs = code != code[row[layer]]
    if differs.any():
        at = int(np.argmax(differs))
        before = int(row[layer[at]])
        raise HwdseError(
            f"{row_name(table, at)}: layer {table['layer'].iloc[at]!r} has {column} "
            f"{kinds[code[at]]!r} here and {kinds[code[before]]!r} on {row_name(table, before)}; "
            "give all its rows the same"
        )
    found: list[str] = kinds[code[row]].tolist()
    return found


def _tie_keys(tie: list[str], layers: tuple[str, ...], more: Iterable[Sequence[str]]) -> Ints:
    """A number for each layer, the same for layers that are tied."""
    key = np.arange(len(layers))
    if any(tie):
        # An untied layer is alone; its number keeps it apart from any tie.
        number = {name: len(layers) + at for at, name in enumerate(dict.fromkeys(tie)) if name}
        key = np.array([number.get(name, i) for i, name in enumerate(tie)])
    at: dict[str, int] = {}
    for names in more:
        at = at or {name: i for i, name in enumerate(layers)}
        for name in names:
            if name not in at:
                raise HwdseError(f"tie of unknown layer {name!r}{nearest_hint(name, layers)}")
            key[key == key[at[name]]] = key[at[names[0]]]
    return np.asarray(key, dtype=np.int64)
