"""Every note that a text can have is known to reports, and so said in the reader's language."""

from pathlib import Path

from benchmark.reports.phrases import text_note
from benchmark.reports.words import speaking
from benchmark.tasks.corpus import describe

PROSE = "\u3000\u3000話說天下大勢，分久必合，合久必分。周末七國\n分爭，并入於秦。眾人聽\ue123了大喜，與關羽商議。\n\n"


def test_the_notes_of_texts_are_translated(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(tmp_path / "cache"))
    odd = PROSE.replace("人", "\u200b⼈").replace("秦。", "秦。e\u0301\ufffd") * 20
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "1.txt").write_text(odd + "\x1a", "gb18030")
    (folder / "2.txt").write_text("天下大勢。", "utf-16-le")
    for number in range(9):
        (folder / f"{number}.md").touch()
    for name in ("春", "夏"):
        (folder / f"{name}.txt").write_text("天下大势。")
    info = describe(str(folder))
    assert len(info.notes) >= 13
    with speaking("zh"):
        said = [text_note(note) for note in info.notes]
    assert not [note for note, given in zip(said, info.notes, strict=True) if note == given]
    assert text_note("of a later version") == "of a later version"
