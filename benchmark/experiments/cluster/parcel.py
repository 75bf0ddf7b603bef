"""A user's own files and texts, packed once and unpacked on each machine that runs a cell.

    0/mine.py, 0/helper.py           the files of a plug-in, as they lie in their folder
    texts/<hash>.packed-source       a text, so that no machine but the driver's needs it
    cache/<hash>-jieba-4096.npz      the same text, cut

In the cells that travel, names of files and texts begin with `HERE`, in whose place each machine puts its own folder.
What a machine says of a file, in a record or a message, names it as the user did.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmark import encodings, tasks
from benchmark.catalogue import Catalogue, Choice, Parameter, label
from benchmark.catalogue.source import neighbours, package_folder
from benchmark.experiments import texts
from benchmark.experiments.origins import Origin
from benchmark.experiments.plan import Cell
from benchmark.files import write_atomically

HERE = "/position-benchmark-parcel"


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Packed files: their contents, what the user calls them, and the hash that both must have on arrival."""

    files: Mapping[str, bytes]  # by place in the parcel
    names: Mapping[str, str]  # the user's name of a file or folder, by place
    digest: str

    def unpack(self, folder: Path) -> None:
        """Write the files to a folder; raises a ValueError if they are not those that were packed."""
        if digest_of(self.files, self.names) != self.digest:
            raise ValueError("the files of this run were damaged on their way")
        for place, content in self.files.items():
            write_atomically(folder / place, content)

    def localise(self, cell: str, folder: Path) -> str:
        """The JSON of a cell, with the names of unpacked files."""
        return cell.replace(HERE, json.dumps(str(folder))[1:-1])

    def restore(self, text: str, folder: Path) -> str:
        """A JSON text with the user's own names in place of those of unpacked files."""
        for place, name in self.names.items():
            text = text.replace(f"{folder}/{place}", json.dumps(name, ensure_ascii=False)[1:-1])
        return text


def digest_of(files: Mapping[str, bytes], names: Mapping[str, str]) -> str:
    """SHA-256 over places, names and contents."""
    listed = [[place, hashlib.sha256(content).hexdigest()] for place, content in sorted(files.items())]
    return hashlib.sha256(json.dumps([listed, sorted(names.items())]).encode()).hexdigest()


@dataclass
class Packer:
    """Collects what cells need, and writes their JSON as it travels."""

    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    _folders: dict[Path, str] = field(default_factory=dict)  # places of the folders of plug-ins
    _moved: dict[tuple[str, str], Origin] = field(default_factory=dict)

    @property
    def parcel(self) -> Parcel:
        """All that was packed."""
        return Parcel(files=self.files, names=self.names, digest=digest_of(self.files, self.names))

    def pack(self, cell: Cell) -> str:
        """The JSON of a cell as it travels; its files and text are in the parcel."""
        measures = tuple(
            measure.model_copy(update={"origin": self._move(encodings.CATALOGUE, measure.origin)})
            for measure in cell.measures
        )
        moved = {
            "encoding": self._move(encodings.CATALOGUE, cell.encoding),
            "task": self._move(tasks.CATALOGUE, cell.task),
            "measures": measures,
        }
        return cell.model_copy(update=moved).model_dump_json()

    def _move(self, catalogue: Catalogue, origin: Origin) -> Origin:
        key = (catalogue.kind, origin.model_dump_json())
        if key not in self._moved:
            choice = Choice(entry=catalogue.entry(origin.item), parameters=origin.parameters)
            item, parameters = self._choice(catalogue, choice)
            self._moved[key] = Origin(item=item, parameters=self._text(choice, parameters))
        return self._moved[key]

    def _choice(self, catalogue: Catalogue, choice: Choice) -> tuple[str, dict[str, Parameter]]:
        """The item and the parameters of a choice, and so of the one that it is built around."""
        item = self._file(choice.entry.path) if choice.entry.module is None else choice.entry.name
        parameters, inner = dict(choice.parameters), catalogue.wrapped(choice)
        if inner is not None:
            around = str(choice.entry.attributes["wraps"])
            parameters[around] = label(*self._choice(catalogue, inner), inner.entry.defaults)
        return item, parameters

    def _file(self, path: Path) -> str:
        """The name of a plug-in's file in the parcel, to which the files that it imports are added."""
        folder = package_folder(path)
        place = self._folders.setdefault(folder, f"{len(self._folders)}/")
        self.names[place] = f"{folder}/"
        packages = [each / "__init__.py" for each in path.parents if folder in each.parents]
        for file in (path, *neighbours(path), *packages):
            self.files[place + file.relative_to(folder).as_posix()] = file.read_bytes()
        return f"{HERE}/{place}{path.relative_to(folder).as_posix()}"

    def _text(self, choice: Choice, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
        """The parameters of a task with the name of its text in the parcel."""
        from benchmark.tasks import corpus as corpora

        reads = texts.text_parameter(choice.entry)
        if not reads:
            return parameters
        given = str(parameters[reads])
        source = corpora.find(given)
        place = f"texts/{corpora.hash_of(source)}{corpora.PACKED}"
        self.files[place], self.names[place] = corpora.packed(source), given
        vocabulary, tokenizer = parameters.get("vocabulary"), parameters.get("tokenizer")
        if isinstance(vocabulary, int) and isinstance(tokenizer, str):
            corpora.load(given, vocabulary, tokenizer)
            cut = corpora.file_of(source, vocabulary, tokenizer)
            self.files[f"cache/{cut.name}"] = cut.read_bytes()
        return {**parameters, reads: f"{HERE}/{place}"}
