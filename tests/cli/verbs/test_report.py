"""`report`: both pages in the requested folder; unreadable files are named."""

import re
import shutil

import pytest


def test_both_pages_are_written(invoke, results, tmp_path):
    copy = shutil.copytree(results, tmp_path / "copy")
    (copy / "cells" / "broken").mkdir()
    (copy / "cells" / "broken" / "train.json").write_text("{")
    result = invoke("report", "--results", copy, "--out", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout == f"report: {tmp_path / 'out' / 'index.html'}\n"
    assert f"warning: {copy / 'cells' / 'broken' / 'train.json'}: skipped" in result.stderr
    assert "<html" in (tmp_path / "out" / "index.html").read_text()
    assert "alibi" in (tmp_path / "out" / "report.md").read_text()


def test_no_results_are_a_usage_error(invoke):
    result = invoke("report")
    assert result.exit_code == 2
    assert "python -m benchmark run" in result.stderr


def test_the_reference_is_chosen_by_name(invoke, results, tmp_path):
    result = invoke("report", "--results", results, "--out", tmp_path / "out", "--reference", "alibi")
    assert result.exit_code == 0
    text = (tmp_path / "out" / "report.md").read_text()
    assert "difference from alibi" in text and "difference from rope" not in text
    assert "\n- **seed**: A repetition" in text


def test_an_unknown_reference_is_one_line(invoke, results, tmp_path):
    result = invoke("report", "--results", results, "--out", tmp_path / "out", "--reference", "alibbi")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "unknown reference 'alibbi'; did you mean 'alibi'? Known: alibi, learned, rope." in result.stderr
    assert not (tmp_path / "out").exists()


def test_the_report_can_be_in_chinese(invoke, results, tmp_path):
    result = invoke("report", "--results", results, "--out", tmp_path / "out", "--lang", "zh")
    assert result.exit_code == 0
    assert '<html lang="zh-CN"' in (tmp_path / "out" / "index.html").read_text("utf-8")
    text = (tmp_path / "out" / "report.md").read_text("utf-8")
    assert text.startswith("# 位置编码对比\n")
    headings = re.findall(r"^## (.+)$", text, flags=re.M)
    assert "\n- **随机种子**：换一套初始权重" in text
    assert len(headings) > 10 and all(re.search(r"[\u4e00-\u9fff]", heading) for heading in headings)


def test_an_unknown_language_is_one_line(invoke, results, tmp_path):
    result = invoke("report", "--results", results, "--out", tmp_path / "out", "--lang", "fr")
    assert result.exit_code == 2
    assert "unknown language 'fr'" in result.stderr and "Known: en, zh." in result.stderr


@pytest.mark.slow
def test_figures_for_print(invoke, results, tmp_path):
    """Each figure of the page, in its own folder; the curves in encodings' blocks are drawn for the page only."""
    out = tmp_path / "out"
    result = invoke("report", "--results", results, "--out", out, "--figures", "pdf")
    assert result.exit_code == 0
    printed = {path.stem for path in (out / "figures" / "pdf").iterdir()}
    drawn = {path.stem for path in (out / "figures").iterdir() if path.is_file()}
    assert result.stdout.endswith(f"figures: {len(printed)} files in {out / 'figures' / 'pdf'}\n")
    assert printed == {name for name in drawn if not name.startswith("curves-of-")}
    assert {"curve-copy-16", "heatmap-copy-16", "attention-rope-corpus-64"} <= printed


def test_an_unknown_format_of_figures_is_one_line(invoke, results):
    result = invoke("report", "--results", results, "--figures", "eps")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "unknown format 'eps'" in result.stderr and "Known: pdf, png, svg." in result.stderr
