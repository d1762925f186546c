"""docs/tutorial.ipynb: what is kept of it is sound, and every cell runs, in a kernel of its own."""

import re

import nbformat
import pytest
import tutorial


def outputs_of(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def test_the_notebook_in_the_repository_is_one_that_has_run():
    notebook, text = tutorial.read(), tutorial.NOTEBOOK.read_text()
    nbformat.validate(notebook)
    assert len(text) < 300_000
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert notebook.metadata.outputs_of == tutorial.code_of(notebook), "run tools/tutorial.py"
    assert {output.output_type for output in outputs_of(notebook)} == {"stream", "display_data", "execute_result"}
    assert not tutorial.stderr(notebook) and "Warning" not in text and "WARNING" not in text
    assert not re.findall(r"(?<![\w.:/])/(?:tmp|work|root|home|Users)/|0x[0-9a-f]{8}", text)


@pytest.mark.thorough
def test_every_cell_runs_without_a_warning(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tutorial.NOTEBOOK.parent.parent))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    kept, notebook = tutorial.read(), tutorial.read()
    tutorial.run(notebook, tmp_path)
    assert "Warning" not in tutorial.stderr(notebook)
    kinds = [[(it.output_type, it.get("name")) for it in outputs_of(tutorial.tidied(one))] for one in (kept, notebook)]
    assert kinds[0] == kinds[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tutorial"]
    assert (tmp_path / "tutorial" / "best.keras").is_file() and (tmp_path / "tutorial" / "logs" / "validation").is_dir()
